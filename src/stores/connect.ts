import { SessionError } from '../errors.ts'
import { ENDED, type MaybePromise, type SessionRecord, type Store } from '../session/record.ts'
import { type Calls, type ConnectStore, callsWithin } from './connect/calls.ts'
import { ProcessMemory } from './connect/memory.ts'
import {
  attributesOf,
  type CookieAttributes,
  type Found,
  fromSession,
  toSession,
} from './connect/record.ts'
import { Turns } from './turns.ts'

export type { ConnectStore } from './connect/calls.ts'

/** How long to wait for the store, and what it does not say of a session. */
export interface ConnectOptions {
  /** How long a verb waits for the store, and for its turn, in ms; default 5,000. */
  readonly timeout?: number
  /** What is left to a session whose cookie states no end, in ms; default a day, as stores have it. */
  readonly defaultLife?: number
  /**
   * Attributes that new sessions are stored with, for express-session after a rollback: what its
   * option `cookie` says; default `{ path: '/', httpOnly: true }`.
   */
  readonly cookie?: CookieAttributes
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: () => number
}

const DAY_MS = 86_400_000
/** Of a session that was touched elsewhere only its store knows the end: soon touched again. */
const UNKNOWN_LIFE_MS = 60_000

/**
 * Keeps sessions in a store made for express-session, in its form: sessions of the app before it
 * moved are found, and express-session finds those that are written here. A property `__symbolon`
 * beside the app's data holds who the user is; a cookie without an end gets one when its session is
 * written.
 *
 * Such a store cannot compare and swap, so `guarantees` promises nothing. What holds all the same:
 *
 * | | in one process | between processes |
 * |---|---|---|
 * | an ended session stays ended | yes, for a minute even if another process revives it | unless a write falls between another's reading and its writing |
 * | changes of different properties are kept | yes | with the same exception |
 * | an acknowledged logout survives a crash | as far as the store keeps it | the same |
 *
 * Use one of this package's own stores where that is not enough. A store with `touch` decides itself
 * when a session has expired, since most move its end without a trace in what they read back.
 * `session-file-store` needs `retries: 0`, or each new session takes a third of a second.
 *
 * @param store what express-session takes as `store`
 * @throws SessionError `invalid_option`; a verb throws `store_timeout`, `not_supported` for an id
 *   that could lead out of a file store's folder, or what the store threw
 *
 * @example
 * import { RedisStore } from 'connect-redis'
 *
 * const sessions = createSessions({ keys, fields, store: connect(new RedisStore({ client })) })
 */
export function connect(store: ConnectStore, options: ConnectOptions = {}): Store {
  const { timeout = 5000, defaultLife = DAY_MS, now = Date.now } = options
  const newAttributes = attributesOf(options.cookie ?? { path: '/', httpOnly: true })
  refuseUnusable(store, { timeout, defaultLife })
  warnOnce()
  const turns = new Turns()
  const memory = new ProcessMemory(now)

  const inTurn = <T>(id: string, work: (calls: Calls) => Promise<T>): MaybePromise<T> => {
    const calls = callsWithin(store, timeout)
    return turns.run(id, () => work(calls))
  }

  const find = async (calls: Calls, id: string): Promise<Found | undefined> => {
    if (memory.hasEnded(id) || mayLeaveFolder(id)) return undefined
    const found = fromSession(id, await calls.get(id), now(), defaultLife)
    if (found === undefined) return undefined
    const expires = Math.max(found.record.expires, memory.endOf(id) ?? 0)
    if (expires > now()) return { ...found, record: { ...found.record, expires } }
    if (store.touch === undefined) return undefined
    return { ...found, record: { ...found.record, expires: now() + UNKNOWN_LIFE_MS } }
  }

  const put = async (
    calls: Calls,
    id: string,
    record: SessionRecord,
    attributes: CookieAttributes,
  ): Promise<void> => {
    if (mayLeaveFolder(id)) throw unsafeId()
    memory.forgetEnd(id)
    // Stores read a life of no length as one without an end.
    if (record.expires <= now()) await calls.destroy(id)
    else await calls.set(id, toSession(id, record, attributes, now()))
  }

  return {
    guarantees: {
      noRevival: false,
      noLostUpdate: false,
      durableLogout: false,
      hearsChanges: false,
    },

    async read(id) {
      const found = await find(callsWithin(store, timeout), id)
      return memory.hasEnded(id) ? ENDED : found?.record
    },

    create: (id, record) =>
      inTurn(id, async (calls) => {
        if (memory.hasEnded(id) || (await find(calls, id))) return false
        await put(calls, id, record, newAttributes)
        return true
      }),

    update: (id, record, seen) =>
      inTurn(id, async (calls) => {
        const found = await find(calls, id)
        if (!found) return 'gone'
        if (found.record.version !== seen) return 'conflict'
        await put(calls, id, record, found.attributes)
        return 'ok'
      }),

    touch: (id, expires) =>
      inTurn(id, async (calls) => {
        const found = await find(calls, id)
        if (!found) return false
        if (expires <= found.record.expires) return true
        const session = toSession(id, { ...found.record, expires }, found.attributes, now())
        if (!(await calls.touch(id, session))) return false
        memory.rememberEnd(id, expires)
        return true
      }),

    end: (id, seen) =>
      inTurn(id, async (calls) => {
        const found = await find(calls, id)
        if (!found) return 'gone'
        if (seen !== undefined && found.record.version !== seen) return 'conflict'
        await calls.destroy(id)
        memory.rememberEnded(id)
        return 'ok'
      }),
  }
}

/** A file store makes a path of the id, which may come from another holder of a key. */
function mayLeaveFolder(id: string): boolean {
  return id.includes('\0') || id.split(/[/\\]/).includes('..')
}

function unsafeId(): SessionError {
  return new SessionError(
    'not_supported',
    "A session id may hold no NUL and no '..' in a store of express-session, which may make a path of it",
  )
}

function refuseUnusable(store: ConnectStore, times: Record<string, number>): void {
  const wrong = Object.entries(times).find(([, ms]) => !(ms > 0))
  if (wrong) throw invalid(`${wrong[0]} must be a number of milliseconds`)
  for (const method of ['get', 'set', 'destroy'] as const) {
    if (typeof store?.[method] !== 'function') {
      throw invalid(`connect() needs a store for express-session: ${method}() is missing`)
    }
  }
}

function invalid(message: string): SessionError {
  return new SessionError('invalid_option', message)
}

let warned = false

function warnOnce(): void {
  if (warned || process.env['NODE_ENV'] === 'test') return
  warned = true
  process.emitWarning(
    'Sessions lie in a store of express-session, which cannot compare and swap: with several processes a change or a logout may be lost to a request of the same moment. See connect() for what holds, or use a store of symbolon.',
    'SymbolonWarning',
  )
}
