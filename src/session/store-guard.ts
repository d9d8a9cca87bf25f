import { SessionError } from '../errors.ts'
import type { Events } from '../events.ts'
import {
  ENDED,
  type MaybePromise,
  type RevocationLog,
  type SessionRecord,
  type Store,
  type StoredSession,
  type UserMark,
} from './record.ts'
import { isPromise } from './steps.ts'

export interface Verbs extends Pick<
  Store,
  'read' | 'create' | 'update' | 'touch' | 'end' | 'userMark'
> {
  /** What this process read within `maxStale`, or is reading; undefined: the store is to be asked. */
  recall?(id: string): MaybePromise<Read>
}

export type Read = SessionRecord | typeof ENDED | undefined

/**
 * A store all of whose failures are one kind of error, and told to whoever listens. An answer that
 * the contract does not know is a failure too: it must not be taken for stored, or for ended.
 */
export function guardStore(store: Verbs, events: Events): Verbs {
  const guarded = guarding(events)
  const { userMark } = store
  const living = (answer: Read, id: string): Read => {
    const record = readable(answer)
    if (typeof record !== 'object' || record.data !== '') return record
    events.emit('record_invalid', { id })
    return undefined
  }
  return {
    read: (id, userId) =>
      guarded(
        () => store.read(id, userId),
        (answer) => living(answer, id),
      ),
    create: (id, record) => guarded(() => store.create(id, record), isBoolean),
    update: (id, record, seen) => guarded(() => store.update(id, record, seen), isOutcome),
    touch: (id, expires) => guarded(() => store.touch(id, expires), isBoolean),
    end: (id, seen) => guarded(() => store.end(id, seen), isOutcome),
    ...(userMark && {
      userMark: (userId) => guarded(() => userMark.call(store, userId), isMark),
    }),
  }
}

/** What a store that knows users has besides. */
export interface UserVerbs extends Known {
  /** Removes what a mark has ended: nobody has to hear of it again. */
  endCovered(handle: string): MaybePromise<boolean>
}

type Known = Required<Pick<Store, (typeof USER_VERBS)[number]>>

const USER_VERBS = ['handle', 'ofUser', 'updateHandle', 'endHandle', 'revokeUser'] as const

/**
 * The same for the sessions of users.
 *
 * @throws SessionError `not_supported`
 */
export function guardUsers(store: Store, events: Events): UserVerbs {
  const missing = USER_VERBS.find((verb) => store[verb] === undefined)
  if (missing !== undefined) {
    throw new SessionError(
      'not_supported',
      `The session store does not know the sessions of users: it has no ${missing}()`,
    )
  }
  const users = store as Known
  const guarded = guarding(events)
  const endHandle = (handle: string): MaybePromise<boolean> =>
    guarded(() => users.endHandle(handle), isBoolean)
  return {
    handle: (id) => users.handle(id),
    ofUser: (userId) => guarded(() => users.ofUser(userId), areStored),
    updateHandle: (handle, record, seen) =>
      guarded(() => users.updateHandle(handle, record, seen), isOutcome),
    endHandle,
    endCovered: endHandle,
    revokeUser: (userId, mark) => guarded(() => users.revokeUser(userId, mark), unchecked),
  }
}

/** The same for what neighbours must refuse. */
export function guardRevocations(log: RevocationLog, events: Events): RevocationLog {
  const guarded = guarding(events)
  return {
    add: (text, expires) => guarded(() => log.add(text, expires), unchecked),
    since: (after) => guarded(() => log.since(after), unchecked),
  }
}

type Guard = <T>(call: () => MaybePromise<T>, check: (answer: T) => T) => MaybePromise<T>

function guarding(events: Events): Guard {
  const failed = (cause: unknown): never => {
    events.emit('store_error', { error: cause })
    if (cause instanceof SessionError) throw cause
    const message = 'The session store failed; see the cause, and whether its server can be reached'
    throw new SessionError('store_unavailable', message, { cause })
  }
  return (call, check) => {
    try {
      const answer = call()
      return isPromise(answer) ? answer.then(check).then(undefined, failed) : check(answer)
    } catch (error) {
      return failed(error)
    }
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

function unchecked<T>(answer: T): T {
  return answer
}

function areStored(listed: readonly StoredSession[]): readonly StoredSession[] {
  for (const { handle, record } of listed) {
    if (typeof handle !== 'string') throw new TypeError('ofUser() must answer with handles')
    readable(record)
  }
  return listed
}

function isMark(mark: UserMark | undefined): UserMark | undefined {
  if (mark === undefined || mark === null) return undefined
  if (Number.isFinite(mark.before)) return mark
  throw new TypeError('userMark() answered with something that is no mark')
}

function isBoolean(answer: boolean): boolean {
  if (typeof answer === 'boolean') return answer
  throw new TypeError('create(), touch() and endHandle() must answer true or false')
}

function isOutcome<T>(answer: T): T {
  if (OUTCOMES.has(answer)) return answer
  throw new TypeError("update() and end() must answer 'ok', 'conflict' or 'gone'")
}

const OUTCOMES: ReadonlySet<unknown> = new Set(['ok', 'conflict', 'gone'])
