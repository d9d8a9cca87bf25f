/** A value that a store answers at once (memory, SQLite) or later (a server). */
export type MaybePromise<T> = T | Promise<T>

/**
 * The server-side half of a session, as a store holds it. The app's data cannot reach the other
 * members: who the user is and how long the session lives stand beside the data, not in it (R1).
 */
export interface SessionRecord {
  /** Random, new with every write; a store compares it, nobody reads it (R18). */
  readonly version: string
  /** The bound user's id, absent while the session is anonymous. */
  readonly userId: string | undefined
  /** The projection for neighbours, as JSON text of an object: short fields and `claims()`. */
  readonly claims: string
  /** The app's data, as JSON text of an object. */
  readonly data: string
  /** When the absolute life began, in ms since 1970. Only `login()` starts it anew (R16). */
  readonly created: number
  /** When the session ends unless it is used before, in ms since 1970. Never past the absolute end. */
  readonly expires: number
}

/** What is left of a session for a minute after its end, so that late requests are recognised (R10). */
export const ENDED = 'ended'
export const TOMBSTONE_MS = 60_000

/** What of the promises of a session library a store can keep; README claims quote these. */
export interface StoreGuarantees {
  /** A session that ended cannot come back through a slow request. */
  readonly noRevival: boolean
  /** Concurrent changes of different properties are all kept. */
  readonly noLostUpdate: boolean
  /** A logout that was acknowledged survives a crash of the store. */
  readonly durableLogout: boolean
  /** Changes by other processes are heard of without reading. */
  readonly hearsChanges: boolean
}

/**
 * Where records live. A store keeps no policy: each verb is one atomic step, decided by the core.
 * It answers at once or by a promise, throws only when it is itself broken, and treats an expired
 * record as one that is not there, by its own clock where it has one.
 *
 * @example
 * const store = memory()
 * store.create(id, record) // true
 * store.end(id) // 'ok'
 * store.read(id) // 'ended', for a minute
 */
export interface Store {
  readonly guarantees: StoreGuarantees
  /** The record, `'ended'` within a minute after its end, or undefined. */
  read(id: string): MaybePromise<SessionRecord | typeof ENDED | undefined>
  /** Writes a new record; false if the id is taken, by a tombstone too. */
  create(id: string, record: SessionRecord): MaybePromise<boolean>
  /** Replaces the record if its version is still `seen`; writes nothing otherwise. */
  update(id: string, record: SessionRecord, seen: string): MaybePromise<'ok' | 'conflict' | 'gone'>
  /** Moves `expires` later, never earlier, and leaves the version; false if the record is gone. */
  touch(id: string, expires: number): MaybePromise<boolean>
  /**
   * Replaces the record by a tombstone, only if its version is still `seen` where that is given.
   * `'gone'` if there was no living record.
   */
  end(id: string, seen?: string): MaybePromise<'ok' | 'conflict' | 'gone'>
  /** Removes what has expired and returns how many; safe to run in several processes at once. */
  sweep?(): MaybePromise<number>
  close?(): MaybePromise<void>
}
