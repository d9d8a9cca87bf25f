import { SessionError } from '../errors.ts'
import {
  ENDED,
  type MaybePromise,
  type SessionRecord,
  type Store,
  TOMBSTONE_MS,
} from '../session/record.ts'
import { parseRecordText, recordText } from './record-text.ts'
import { handleOf } from './stored-id.ts'
import { TimeLimit } from './time-limit.ts'
import { Turns } from './turns.ts'

/** Cloudflare KV refuses less. What counts is the expiry in the value. */
const SHORTEST_LIFE_MS = 60_000

/** What is asked of a key-value storage. It may forget a value once its life is over, or keep it. */
export interface KeyValues {
  get(key: string): MaybePromise<unknown>
  /** @param life in ms */
  set(key: string, value: string, life: number): MaybePromise<unknown>
}

/** How long to wait for the storage, and the clock. */
export interface KeyValueOptions {
  /** How long a verb waits for the storage, in ms; default 5,000. */
  readonly timeout?: number
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: () => number
}

/**
 * A store over what can get and set, and nothing else. It cannot compare and swap, so `guarantees`
 * promises nothing; within one process, where what concerns one session is done in turn, an ended
 * session stays ended and no change is lost.
 */
export function keyValueStore(values: KeyValues, options: KeyValueOptions): Store {
  const { timeout = 5000, now = Date.now } = options
  if (!(timeout > 0)) {
    throw new SessionError('invalid_option', 'timeout must be a number of milliseconds')
  }
  const limit = new TimeLimit(timeout)
  const turns = new Turns()

  const find = async (key: string): Promise<SessionRecord | typeof ENDED | undefined> => {
    const { answer, expires } = parseValue(await limit.hold(promised(() => values.get(key))))
    return expires > now() ? answer : undefined
  }
  const put = async (key: string, answer: SessionRecord | typeof ENDED): Promise<void> => {
    const expires = answer === ENDED ? now() + TOMBSTONE_MS : answer.expires
    const text = answer === ENDED ? `${ENDED}\n${expires}` : recordText(answer)
    const life = Math.max(expires - now(), SHORTEST_LIFE_MS)
    await limit.hold(promised(() => values.set(key, text, life)))
  }
  const findRecord = async (key: string): Promise<SessionRecord | undefined> => {
    const found = await find(key)
    return found === ENDED ? undefined : found
  }
  const inTurn = <T>(id: string, work: (key: string) => Promise<T>): MaybePromise<T> =>
    turns.run(id, () => work(handleOf(id)))

  return {
    guarantees: {
      noRevival: false,
      noLostUpdate: false,
      durableLogout: false,
      hearsChanges: false,
    },

    read: (id) => find(handleOf(id)),

    create: (id, record) =>
      inTurn(id, async (key) => {
        if (await find(key)) return false
        await put(key, record)
        return true
      }),

    update: (id, record, seen) =>
      inTurn(id, async (key) => {
        const stored = await findRecord(key)
        if (!stored) return 'gone'
        if (stored.version !== seen) return 'conflict'
        await put(key, record)
        return 'ok'
      }),

    touch: (id, expires) =>
      inTurn(id, async (key) => {
        const stored = await findRecord(key)
        if (!stored) return false
        if (expires > stored.expires) await put(key, { ...stored, expires })
        return true
      }),

    end: (id, seen) =>
      inTurn(id, async (key) => {
        const stored = await findRecord(key)
        if (!stored) return 'gone'
        if (seen !== undefined && stored.version !== seen) return 'conflict'
        await put(key, ENDED)
        return 'ok'
      }),
  }
}

function parseValue(value: unknown): Found {
  if (typeof value === 'string' && value.startsWith(`${ENDED}\n`)) {
    return { answer: ENDED, expires: Number(value.slice(ENDED.length + 1)) }
  }
  const record = parseRecordText(value)
  return { answer: record, expires: record?.expires ?? 0 }
}

interface Found {
  readonly answer: SessionRecord | typeof ENDED | undefined
  readonly expires: number
}

async function promised<T>(call: () => MaybePromise<T>): Promise<T> {
  return call()
}
