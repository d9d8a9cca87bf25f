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
  /** Whose the data are where nobody is logged in any more: the next user may not find them. */
  readonly ownerId?: string | undefined
  /** The projection for neighbours, as JSON text of an object: short fields and `claims()`. */
  readonly claims: string
  /** The app's data, as JSON text of an object; empty where the store cannot read what it holds. */
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
  /**
   * The record, `'ended'` within a minute after its end, or undefined. A record whose user was
   * revoked since (`revokeUser`) has ended.
   *
   * @param userId whom the token names: a store may fetch the user's mark in the same round trip
   */
  read(id: string, userId?: string): MaybePromise<SessionRecord | typeof ENDED | undefined>
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

  /** What names a session in lists and notifications and opens none: at most a hash of its id (STO-15). */
  handle?(id: string): string
  /** The living sessions of a user, in no particular order; found without reading those of others. */
  ofUser?(userId: string): MaybePromise<readonly StoredSession[]>
  /** `update` of the record that the handle names. */
  updateHandle?(
    handle: string,
    record: SessionRecord,
    seen: string,
  ): MaybePromise<'ok' | 'conflict' | 'gone'>
  /** Replaces the record that the handle names by a tombstone; false if there was no living one. */
  endHandle?(handle: string): MaybePromise<boolean>
  /**
   * Ends the user's sessions that the mark covers, by one write of the mark: from then on every verb
   * holds them for ended, whether or not they stand in an index, and whatever becomes of this
   * process. Replaces an earlier mark, whose `before` and `expires` it never sets back.
   */
  revokeUser?(userId: string, mark: UserMark): MaybePromise<void>
  /** The user's mark, so that who logs in anew gets a record that it does not cover. */
  userMark?(userId: string): MaybePromise<UserMark | undefined>

  /** What neighbours must refuse before its time (R32). */
  readonly revocations?: RevocationLog
  /**
   * Tells of changes by every process, this one too, within a second while it hears them.
   *
   * @returns ends the telling
   */
  changes?(hear: (change: StoreChange) => void): () => MaybePromise<void>

  /** Removes what has expired and returns how many; safe to run in several processes at once. */
  sweep?(): MaybePromise<number>
  close?(): MaybePromise<void>
}

/** One session of a user's. */
export interface StoredSession {
  readonly handle: string
  readonly record: SessionRecord
}

/** Which of a user's sessions have ended: all that were created at `before` or earlier. */
export interface UserMark {
  /** In ms since 1970, compared with `created` of the record. */
  readonly before: number
  /** Handles of the sessions that live on. */
  readonly except: readonly string[]
  /** When no record that it covers can live any more, and the mark may be forgotten; in ms since 1970. */
  readonly expires: number
}

/** The whole second, since 1970, from which on neighbours take tokens of the user again (R32). */
export function firstSecondAfter({ before }: UserMark): number {
  return Math.floor(before / 1000) + 1
}

/** What a store tells to who listens. Without a sign of life for a second it tells of a gap. */
export type StoreChange =
  | { readonly kind: 'session'; readonly handle: string }
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'revocation' }
  /** Some changes may not have been told: what is remembered of the store is to be forgotten. */
  | { readonly kind: 'gap' }

/** Numbered entries: whoever asks again from the last number seen misses none. */
export interface RevocationLog {
  /** Appends an entry, kept until `expires` (in ms since 1970) at least. */
  add(text: string, expires: number): MaybePromise<void>
  /**
   * The entries numbered above `after`, in order. No entry becomes readable after one with a higher
   * number was.
   */
  since(after: number): MaybePromise<RevocationPage>
}

/** What was read of the log. */
export interface RevocationPage {
  /** Random, another one when the numbers began anew: then all entries are to be read again. */
  readonly generation: string
  /** The highest number given so far in this generation, also of entries that have expired. */
  readonly last: number
  readonly entries: readonly { readonly number: number; readonly text: string }[]
}
