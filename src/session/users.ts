import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SessionError } from '../errors.ts'
import type { SessionData } from '../register.ts'
import { parseData } from './data.ts'
import { identify } from './identity.ts'
import type { StoreChange, StoredSession } from './record.ts'
import type { Core } from './state.ts'
import { walk } from './steps.ts'
import type { UserVerbs } from './store-guard.ts'
import { userIdText } from './options.ts'
import { MOST_TRIES, tooBusy } from './write.ts'

/** A user's id, as `login()` found it. */
export type UserId = string | number | bigint

/** One living session of a user, for a list of their devices. */
export interface UserSession {
  /** Names the session for {@link SessionsOfUsers.revoke}, and opens nothing: it may be shown. */
  readonly handle: string
  /** When the user logged in. */
  readonly created: Date
  /** When the session was used last, to within a tenth of `idle`; never later than it was. */
  readonly lastSeen: Date
  /** When it ends unless it is used before. */
  readonly expires: Date
  /** A copy of what the app keeps in the session. */
  readonly data: SessionData
}

/** A session by its id or its handle, or by itself: `req.session`. */
export type SessionName = string | { readonly id: string }

/** What can be done with the sessions of a user, whatever request asks for it. */
export interface SessionsOfUsers {
  /**
   * The living sessions of a user, the one used last first.
   *
   * @throws SessionError `not_supported` if the store does not know users; `store_unavailable`
   *
   * @example
   * for (const { data, lastSeen } of await sessions.forUser(user.id)) console.log(data.device, lastSeen)
   */
  forUser(userId: UserId): Promise<readonly UserSession[]>
  /**
   * Ends one session. A handle is no secret: whether it is one of the asking user's own, `forUser`
   * tells.
   *
   * @returns false if there was no living session of that handle
   * @throws SessionError `not_supported`, `store_unavailable`
   */
  revoke(handle: string): Promise<boolean>
  /**
   * Ends all sessions of a user, in every process. It holds from one write on: whatever fails after
   * it, no session that began before is read again. Who logs in afterwards stays logged in.
   *
   * @param options.except the sessions that live on, such as `req.session`
   * @throws SessionError `not_supported`, `store_unavailable`: then nothing may have ended
   *
   * @example
   * await sessions.revokeAll(user.id, { except: req.session }) // after a new password
   */
  revokeAll(
    userId: UserId,
    options?: { readonly except?: SessionName | readonly SessionName[] },
  ): Promise<void>
  /**
   * Asks the option `user` once, and gives all sessions of the user the claims that follow from its
   * answer; the next request of each brings a new token to its neighbours. Without such a user, all
   * end.
   *
   * @throws SessionError `not_supported` without the option `user` too; `invalid_claims`,
   *   `invalid_user`; what `user` throws
   */
  refreshUser(userId: UserId): Promise<void>
}

/** Clocks of processes differ, and so may the `absolute` of releases in one deployment: a day. */
const MARK_MARGIN_MS = 86_400_000
const AT_ONCE = 100

export class Users implements SessionsOfUsers {
  readonly #core: Core
  readonly #verbs: () => UserVerbs
  readonly #tell: (change: StoreChange) => void

  /**
   * @param verbs throws `not_supported` if the store does not know users
   * @param tell whoever remembers records
   */
  constructor(core: Core, verbs: () => UserVerbs, tell: (change: StoreChange) => void) {
    this.#core = core
    this.#verbs = verbs
    this.#tell = tell
  }

  get #store(): UserVerbs {
    return this.#verbs()
  }

  async forUser(userId: UserId): Promise<readonly UserSession[]> {
    const listed = await this.#list(userIdText(userId))
    return listed
      .map((stored) => this.#describe(stored))
      .toSorted((one, other) => other.lastSeen.getTime() - one.lastSeen.getTime())
  }

  async revoke(handle: string): Promise<boolean> {
    if (!(await this.#store.endHandle(handle))) return false
    this.#ended([handle])
    return true
  }

  async revokeAll(
    user: UserId,
    { except = [] }: { readonly except?: SessionName | readonly SessionName[] } = {},
  ): Promise<void> {
    const userId = userIdText(user)
    const { now, absolute } = this.#core.settings
    const listed = await this.#store.ofUser(userId)
    const kept = await this.#handles([except].flat(), listed)
    // The newest by its own process's clock, which may be ahead of ours.
    const before = listed.reduce((newest, { record }) => Math.max(newest, record.created), now())
    const mark = { before, except: kept, expires: before + absolute + MARK_MARGIN_MS }
    await this.#store.revokeUser(userId, mark)
    this.#tell({ kind: 'user', userId })
    const ended = listed.map(({ handle }) => handle).filter((handle) => !kept.includes(handle))
    this.#ended(ended)
    await this.#remove(ended)
  }

  async refreshUser(user: UserId): Promise<void> {
    const userId = userIdText(user)
    const { settings } = this.#core
    if (settings.user === undefined) {
      throw new SessionError('not_supported', 'refreshUser() asks the option user: set it')
    }
    const found = await settings.user(userId)
    if (found === undefined || found === null) return this.revokeAll(userId)
    const identity = await walk(identify(this.#core, found))
    if (identity.userId !== userId) {
      throw new SessionError('invalid_user', 'user(id) answered with a user of another id')
    }
    for (let tries = 0; !(await this.#writeClaims(userId, identity.claims)); tries++) {
      if (tries === MOST_TRIES) throw tooBusy()
    }
  }

  /** False if another writer of one of the records was faster. */
  async #writeClaims(userId: string, claims: string): Promise<boolean> {
    let all = true
    for (const { handle, record } of await this.#store.ofUser(userId)) {
      if (record.claims === claims) continue
      const next = { ...record, claims, version: randomUUID() }
      if ((await this.#store.updateHandle(handle, next, record.version)) === 'conflict') all = false
      this.#tell({ kind: 'session', handle })
    }
    return all
  }

  async #list(userId: string): Promise<readonly StoredSession[]> {
    const { settings, endings } = this.#core
    const pending = new Set(Array.from(endings.pending, (id) => this.#store.handle(id)))
    const now = settings.now()
    return (await this.#store.ofUser(userId)).filter(
      ({ handle, record }) =>
        !pending.has(handle) && now < Math.min(record.expires, record.created + settings.absolute),
    )
  }

  #describe({ handle, record }: StoredSession): UserSession {
    const { now, idle, absolute } = this.#core.settings
    const expires = Math.min(record.expires, record.created + absolute)
    const lastSeen = Math.min(Math.max(expires - idle, record.created), now())
    return {
      handle,
      created: new Date(record.created),
      lastSeen: new Date(lastSeen),
      expires: new Date(expires),
      data: (parseData(record.data) ?? {}) as SessionData,
    }
  }

  /** Only what lives can live on: an exception must not bring back what has ended. */
  async #handles(
    names: readonly SessionName[],
    listed: readonly StoredSession[],
  ): Promise<readonly string[]> {
    const handles: string[] = []
    for (const name of names) {
      const text = typeof name === 'string' ? name : name.id
      if (listed.some(({ handle }) => handle === text)) handles.push(text)
      else if (typeof (await this.#core.store.read(text)) === 'object') {
        handles.push(this.#store.handle(text))
      }
    }
    return handles
  }

  #ended(handles: readonly string[]): void {
    const { events, signals } = this.#core
    const ended = new Set(handles)
    for (const handle of ended) {
      this.#tell({ kind: 'session', handle })
      events.emit('ended', { handle })
    }
    signals.abortThose((id) => ended.has(this.#store.handle(id)))
  }

  /** Those that the mark covers have ended, whether or not this succeeds: the guard tells of failures. */
  async #remove(handles: readonly string[]): Promise<void> {
    const store = this.#store
    for (let done = 0; done < handles.length; done += AT_ONCE) {
      const some = handles.slice(done, done + AT_ONCE)
      await Promise.allSettled(some.map(async (handle) => store.endCovered(handle)))
      await nextTurn()
    }
  }
}
