import type { Data } from '../session/data.ts'
import { sessionHash } from '../session-names.ts'
import { ENDED, type SessionRecord } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import type { Verbs } from '../session/store-guard.ts'
import { type OwnPart, RESERVED, dataOf, digest, isOwnPart } from '../stores/connect/record.ts'
import type { Cookie } from './cookie.ts'
import type { StoreAccess } from './store-access.ts'
import type { Who } from './who.ts'

/** The session of a request, as it is to be stored. */
export interface LiveSession {
  readonly cookie: Cookie
  data(): Data
  /** The mark of the user that the session is bound to. */
  readonly mark: string | undefined
  /** Whether a cookie goes out with the answer, for which the store must say that the session lives (R15). */
  readonly issuing: boolean
}

/** Our part of a stored session, which express-session carries along without knowing it. */
interface Part extends OwnPart {
  /** What the session's data said of whose it is: they may have changed without us. */
  readonly mark?: string | undefined
}

/** The last moment that a date can name. */
export const NO_END = 8.64e15

/** What was read of a session besides its record. */
export interface Stored {
  /** As the store gave it. */
  readonly session: Data
  readonly data: Data
  /** Whose it is by its data. */
  readonly who: Who
  /** The mark of the user that it is bound to, or is to be. */
  readonly mark: string | undefined
  /** Whether its data name a user, but it was never bound to anyone: who logged in did so before. */
  readonly unbound: boolean
}

/**
 * The records of one request in a store made for express-session: in its form, with our part under a
 * reserved name. The store decides when a session has expired, since most move the end of one that is
 * touched without a trace in what they read back.
 *
 * @param whoOf whose the stored data say they are
 */
export class Records implements Verbs {
  /** What the last `read` found. */
  stored: Stored | undefined
  /** The session to be stored, once there is one. */
  live: LiveSession | undefined
  readonly #access: StoreAccess
  readonly #whoOf: (data: Data) => Who

  constructor(access: StoreAccess, whoOf: (data: Data) => Who) {
    this.#access = access
    this.#whoOf = whoOf
  }

  read(id: string): ReturnType<Verbs['read']> {
    return walk(this.#read(id))
  }

  /** The id is new, or it was chosen by the app's `genid`. */
  create(id: string, record: SessionRecord): ReturnType<Verbs['create']> {
    return this.#access.inTurn(id, () => walk(this.#create(id, record)))
  }

  update(id: string, record: SessionRecord, seen: string): ReturnType<Verbs['update']> {
    return this.#access.inTurn(id, () => walk(this.#update(id, record, seen)))
  }

  touch(id: string): ReturnType<Verbs['touch']> {
    return this.#access.inTurn(id, () => walk(this.#touch(id)))
  }

  end(id: string, seen?: string): ReturnType<Verbs['end']> {
    return this.#access.inTurn(id, () => walk(this.#end(id, seen)))
  }

  *#read(id: string): Steps<SessionRecord | typeof ENDED | undefined> {
    if (this.#access.ended.hasEnded(id)) return ENDED
    const session = yield* this.#get(id)
    if (this.#access.ended.hasEnded(id)) return ENDED
    if (session === undefined) return undefined
    const part = partOf(id, session)
    const data = dataOf(session)
    const text = JSON.stringify(data)
    const who = this.#whoOf(data)
    const unbound = who.mark !== undefined && !isBound(part)
    const mark = unbound ? who.mark : part?.mark
    this.stored = { session, data, who, mark, unbound }
    const userId = mark === who.mark ? part?.userId : undefined
    return {
      version: versionAsRead(session, text),
      userId: unbound ? who.userId : userId,
      claims: (unbound ? undefined : part?.claims) ?? '{}',
      data: text,
      created: part?.created ?? this.#access.now(),
      expires: NO_END,
    }
  }

  *#create(id: string, record: SessionRecord): Steps<boolean> {
    yield* wait(this.#access.set(id, this.#toStore(id, record)))
    return true
  }

  *#update(id: string, record: SessionRecord, seen: string): Steps<'ok' | 'conflict' | 'gone'> {
    const session = yield* this.#get(id)
    if (session === undefined) return 'gone'
    if (!isVersion(session, seen)) return 'conflict'
    yield* wait(this.#access.set(id, this.#toStore(id, record)))
    return 'ok'
  }

  /**
   * With the data as they are stored now, which some stores write; and most stores touch in silence
   * what is gone.
   */
  *#touch(id: string): Steps<boolean> {
    const mayBeOld = this.#access.touchesOnly && !this.#living.issuing
    const session = mayBeOld ? this.#unlessEnded(id) : yield* this.#get(id)
    if (session === undefined) return false
    const touched = yield* wait(this.#access.touch(id, { ...session, cookie: this.#living.cookie }))
    return touched !== false
  }

  *#end(id: string, seen: string | undefined): Steps<'ok' | 'conflict' | 'gone'> {
    if (seen !== undefined) {
      const session = yield* this.#get(id)
      if (session === undefined) return 'gone'
      if (!isVersion(session, seen)) return 'conflict'
    }
    yield* wait(this.#access.destroy(id))
    this.#access.ended.rememberEnded(id)
    return 'ok'
  }

  get #living(): LiveSession {
    if (this.live !== undefined) return this.live
    throw new TypeError('The request has no session')
  }

  #unlessEnded(id: string): Data | undefined {
    return this.#access.ended.hasEnded(id) ? undefined : this.stored?.session
  }

  *#get(id: string): Steps<Data | undefined> {
    if (this.#access.ended.hasEnded(id)) return undefined
    const session = yield* wait(this.#access.get(id))
    return typeof session === 'object' && session !== null ? (session as Data) : undefined
  }

  /** Made for this one call, since some stores write into what they are given. */
  #toStore(id: string, { version, userId, claims, created }: SessionRecord): Data {
    const live = this.#living
    const data = live.data()
    const own = { version, digest: digest(dataOf(data)), userId, claims, created }
    const part: Part = { ...own, of: sessionHash(id), mark: live.mark }
    return { cookie: live.cookie, ...data, [RESERVED]: part }
  }
}

/**
 * Whether the session is still what this request has read, or what it wrote. express-session carries
 * our part along when it writes other data: those are another version.
 */
function isVersion(session: Data, seen: string): boolean {
  const data = dataOf(session)
  if (versionAsRead(session, JSON.stringify(data)) === seen) return true
  const part = session[RESERVED]
  return isOwnPart(part) && part.version === seen && part.digest === digest(data)
}

/** Its own text: a digest would have to be made for every request, and few of them write. */
function versionAsRead(session: Data, text: string): string {
  const part = session[RESERVED]
  return isOwnPart(part) ? `${part.version} ${text}` : text
}

/** To a user that its data named, or that `login()` was given. */
function isBound(part: Part | undefined): boolean {
  return part?.mark !== undefined || part?.userId !== undefined
}

function partOf(id: string, session: Data): Part | undefined {
  const part = session[RESERVED]
  return isOwnPart(part) && part.of === sessionHash(id) ? part : undefined
}
