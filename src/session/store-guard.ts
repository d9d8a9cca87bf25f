import { SessionError } from '../errors.ts'
import type { Events } from '../events.ts'
import type { MaybePromise, Store } from './record.ts'
import { isPromise } from './steps.ts'

export type Verbs = Pick<Store, 'read' | 'create' | 'update' | 'touch' | 'end'>

/** A store all of whose failures are one kind of error, and told to whoever listens. */
export function guardStore(store: Verbs, events: Events): Verbs {
  const failed = (cause: unknown): never => {
    events.emit('store_error', { error: cause })
    if (cause instanceof SessionError) throw cause
    const message = 'The session store failed; see the cause, and whether its server can be reached'
    throw new SessionError('store_unavailable', message, { cause })
  }
  const guarded = <T>(call: () => MaybePromise<T>): MaybePromise<T> => {
    try {
      const answer = call()
      return isPromise(answer) ? answer.catch(failed) : answer
    } catch (error) {
      return failed(error)
    }
  }
  return {
    read: (id) => guarded(() => store.read(id)),
    create: (id, record) => guarded(() => store.create(id, record)),
    update: (id, record, seen) => guarded(() => store.update(id, record, seen)),
    touch: (id, expires) => guarded(() => store.touch(id, expires)),
    end: (id, seen) => guarded(() => store.end(id, seen)),
  }
}
