import { SessionError } from '../errors.ts'
import type { Events } from '../events.ts'
import { ENDED, type MaybePromise, type SessionRecord, type Store } from './record.ts'
import { isPromise } from './steps.ts'

export interface Verbs extends Pick<Store, 'read' | 'create' | 'update' | 'touch' | 'end'> {
  /** What this process read within `maxStale`, or is reading; undefined: the store is to be asked. */
  recall?(id: string): MaybePromise<Read>
}

export type Read = SessionRecord | typeof ENDED | undefined

/**
 * A store all of whose failures are one kind of error, and told to whoever listens. An answer that
 * the contract does not know is a failure too: it must not be taken for stored, or for ended.
 */
export function guardStore(store: Verbs, events: Events): Verbs {
  const failed = (cause: unknown): never => {
    events.emit('store_error', { error: cause })
    if (cause instanceof SessionError) throw cause
    const message = 'The session store failed; see the cause, and whether its server can be reached'
    throw new SessionError('store_unavailable', message, { cause })
  }
  const guarded = <T>(call: () => MaybePromise<T>, check: (answer: T) => T): MaybePromise<T> => {
    try {
      const answer = call()
      return isPromise(answer) ? answer.then(check).then(undefined, failed) : check(answer)
    } catch (error) {
      return failed(error)
    }
  }
  return {
    read: (id, userId) => guarded(() => store.read(id, userId), readable),
    create: (id, record) => guarded(() => store.create(id, record), isBoolean),
    update: (id, record, seen) => guarded(() => store.update(id, record, seen), isOutcome),
    touch: (id, expires) => guarded(() => store.touch(id, expires), isBoolean),
    end: (id, seen) => guarded(() => store.end(id, seen), isOutcome),
  }
}

/** The texts are parsed later, and only if they are asked for. */
function readable(answer: Read): Read {
  if (answer === undefined || answer === null) return undefined
  if (answer === ENDED) return answer
  const { version, userId, claims, data, created, expires } = answer
  const texts = [version, claims, data].every((text) => typeof text === 'string')
  const user = userId === undefined || typeof userId === 'string'
  if (texts && user && Number.isFinite(created) && Number.isFinite(expires)) return answer
  throw new TypeError('read() answered with something that is no record')
}

function isBoolean(answer: boolean): boolean {
  if (typeof answer === 'boolean') return answer
  throw new TypeError('create() and touch() must answer true or false')
}

function isOutcome<T>(answer: T): T {
  if (OUTCOMES.has(answer)) return answer
  throw new TypeError("update() and end() must answer 'ok', 'conflict' or 'gone'")
}

const OUTCOMES: ReadonlySet<unknown> = new Set(['ok', 'conflict', 'gone'])
