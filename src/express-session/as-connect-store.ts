import { randomUUID } from 'node:crypto'
import { type Data, parseData } from '../session/data.ts'
import { ENDED, type SessionRecord, type Store as RecordStore } from '../session/record.ts'
import { ended } from '../session/write.ts'
import { Store } from './store.ts'

/** What express-session's cookies leave open. */
export interface AsConnectStoreOptions {
  /** How long a session lives whose cookie states no end, in ms; default a day. */
  readonly defaultLife?: number
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: () => number
}

type Callback<T> = (error: unknown, answer?: T) => void

const DAY_MS = 86_400_000

/**
 * Makes of a store of this package one that express-session takes as `store`. A session that ended
 * is not stored again by a slow request: for a minute, `set` tells the error `session_ended`. Whose
 * a session is stays as it was, since express-session neither sees it nor changes it.
 *
 * @example
 * app.use(session({ secret, store: asConnectStore(sqlite({ file: 'data/sessions.db' })) }))
 */
export function asConnectStore(store: RecordStore, options: AsConnectStoreOptions = {}): Store {
  const { defaultLife = DAY_MS, now = Date.now } = options

  const endOf = ({ cookie }: Data): number => {
    const { expires } = cookie as { readonly expires?: Date | string | null }
    return expires ? new Date(expires).getTime() : now() + defaultLife
  }

  const read = async (id: string): Promise<Data | undefined> => {
    const record = await store.read(id)
    return typeof record === 'object' ? toSession(record, now()) : undefined
  }

  const write = async (id: string, session: Data): Promise<void> => {
    const data = JSON.stringify(session)
    const written = { version: randomUUID(), data, expires: endOf(session) }
    for (let stored = false; !stored;) {
      const record = await store.read(id)
      if (record === ENDED) throw ended()
      stored =
        record === undefined
          ? await store.create(id, { userId: undefined, claims: '{}', created: now(), ...written })
          : (await store.update(id, { ...record, ...written }, record.version)) === 'ok'
    }
  }

  return Object.assign(new Store(), {
    get: (id: string, callback: Callback<Data | undefined>) => tell(callback, () => read(id)),
    set: (id: string, session: object, callback?: Callback<void>) =>
      tell(callback, () => write(id, session as Data)),
    touch: (id: string, session: object, callback?: Callback<boolean>) =>
      tell(callback, async () => store.touch(id, endOf(session as Data))),
    destroy: (id: string, callback?: Callback<unknown>) =>
      tell(callback, async () => store.end(id)),
  })
}

/** In the form that stores of express-session give back: parsed JSON with a `cookie`. */
function toSession({ data, expires }: SessionRecord, now: number): Data {
  const session = parseData(data) ?? {}
  const stored = session['cookie']
  const cookie = isCookie(stored)
    ? stored
    : { originalMaxAge: expires - now, path: '/', httpOnly: true }
  // One that ends with the browser states no end; of all others the record knows the last.
  const end = cookie['expires'] === null ? null : new Date(expires).toISOString()
  return { ...session, cookie: { ...cookie, expires: end } }
}

/** What express-session stored, and no property that an app of ours has given that name. */
function isCookie(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && 'originalMaxAge' in value
}

/** Calls back outside the promise, so that what the callback throws is not taken for a rejection. */
function tell<T>(callback: Callback<T> | undefined, work: () => Promise<T>): void {
  work().then(
    (answer) => process.nextTick(() => callback?.(null, answer)),
    (error) => process.nextTick(() => callback?.(error)),
  )
}
