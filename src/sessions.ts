import { type CreateSessionsOptions, missingKeys, refuseUnknown } from './create-options.ts'
import { SessionError } from './errors.ts'
import { Events, type EventCode } from './events.ts'
import { Endings } from './session/endings.ts'
import { resolveOptions, type ErrorAnswer, type Settings } from './session/options.ts'
import { open, type RequestFacts } from './session/open.ts'
import {
  ENDED,
  type MaybePromise,
  type RevocationLog,
  type SessionRecord,
  type Store,
} from './session/record.ts'
import { RecentRecords } from './session/recent.ts'
import { Revocations } from './session/revocations.ts'
import { Signals } from './session/signals.ts'
import { PROFILE } from './session/profile.ts'
import { SessionState, type Core, type Found } from './session/state.ts'
import { isPromise, walk } from './session/steps.ts'
import { guardRevocations, guardStore, guardUsers } from './session/store-guard.ts'
import { type SessionsOfUsers, type UserId, Users, type UserSession } from './session/users.ts'
import { Visit } from './session/visit.ts'
import { storeOf } from './stores/default.ts'
import type { FieldForm, Fields } from './token/fields.ts'
import { createKeyRing, type KeyRing } from './token/key-ring.ts'
import { createTokens, type Tokens } from './token/token.ts'
import { requireIssuer } from './well-known/documents.ts'
import type { Endpoint } from './well-known/endpoint.ts'
import { forwardAuthEndpoint, type ForwardAuthOptions } from './well-known/forward-auth.ts'
import { wellKnownEndpoint } from './well-known/handler.ts'
import { refreshEndpoint, type RefreshOptions } from './well-known/refresh.ts'
import { RevocationList } from './well-known/revocations.ts'
import {
  type CookieCarrier,
  factsOf,
  tokenFor,
  type TokenForOptions,
} from './well-known/token-for.ts'

/** The sessions of one app, for every framework's adapter. */
export interface Sessions<User = any, Auth = any> extends SessionsOfUsers {
  /** @internal Types alone, for `Register`. */
  readonly $user: User
  /** The type of `req.auth`; has no value. */
  readonly $auth: Auth
  /** Finds the session of a request: for adapters. Throws or rejects only if the store fails. */
  open(request: RequestFacts): MaybePromise<Visit>
  readonly onError: ((error: SessionError) => ErrorAnswer | undefined) | undefined
  /** Publishes `/.well-known/jwks.json` and `session.json`; needs `issuer` and an asymmetric key. */
  readonly wellKnown: Endpoint
  /**
   * Answers a gateway that asks who the user of a request is; needs `issuer` (R34).
   *
   * @example
   * app.get('/verify', sessions.forwardAuth({ headers: { 'x-auth-request-user': 'userId' } }))
   */
  forwardAuth(options?: ForwardAuthOptions): Endpoint
  /** Renews the cookie of pages that call only neighbours; needs `issuer` (R33). */
  refresh(options?: RefreshOptions): Endpoint
  /**
   * A token for one service that is trusted less than with the cookie; undefined without a user. The
   * session is asked for anew, whatever middleware ran before. Needs `issuer` (R35).
   *
   * @throws SessionError `invalid_option`, `store_unavailable`
   *
   * @example
   * const token = await sessions.tokenFor(request, { audience: 'billing' })
   */
  tokenFor(request: CookieCarrier, options: TokenForOptions): Promise<string | undefined>
  /** How often each event happened in this process; the events are on the channel `symbolon`. */
  readonly counts: Readonly<Partial<Record<EventCode, number>>>
  /** Removes expired records, and tries again to end those whose logout the store had refused. */
  sweep(): Promise<number>
  close(): Promise<void>
}

/**
 * Makes the sessions of one app: once, at start, without a framework.
 *
 * @throws SessionError `invalid_option`, `invalid_key`: whatever is wrong is said here, not later
 *
 * @example
 * export const sessions = createSessions({
 *   keys: process.env.SESSION_KEY,
 *   fields: defineFields<User>()([['id', 'uid', 'userId'], ['roles', 'r', 'roles']]),
 * })
 */
export function createSessions<User = any, FieldAuth = {}, Claims = {}>(
  options: CreateSessionsOptions<User, FieldAuth, Claims>,
): Sessions<User, { readonly sub: string } & FieldAuth & Claims> {
  // Copied without a prototype: what pollutes Object.prototype is no option (CKO-14).
  const own: typeof options = Object.assign(Object.create(null), options)
  refuseUnknown(own)
  const fields = (own.fields ?? []) as Fields | readonly FieldForm[]
  const settings = resolveOptions(own, fields)
  const events = new Events()
  const more = { hybrid: own.hybrid, now: settings.now, lives: settings, events }
  const foreign = own[PROFILE]?.keyRing(settings.now)
  const ring = foreign ?? createKeyRing(own.keys ?? missingKeys(), more)
  return new AppSessions(ring, settings, storeOf(own.store, settings.now), events)
}

/** The composition root: everything the app's requests share is made here, once. */
class AppSessions implements Sessions {
  declare readonly $user: any
  declare readonly $auth: any
  readonly onError: Sessions['onError']
  readonly counts: Sessions['counts']
  readonly #ring: KeyRing
  readonly #store: Store
  readonly #core: Core
  readonly #recent: RecentRecords | undefined
  readonly #revocations: RevocationList | undefined
  readonly #users: Users
  #wellKnown: Endpoint | undefined
  #refreshPath: string | undefined

  constructor(ring: KeyRing, settings: Settings, store: Store, events: Events) {
    const guarded = guardStore(store, events)
    const tokens = createTokens({ ring, ...settings })
    refuseUnreadable(tokens, settings)
    const log = publishedLog(store, ring, settings, events)
    const revocations = log && new Revocations(log, settings)
    const noted = revocations?.guard(guarded) ?? guarded
    const recent = settings.maxStale > 0 ? new RecentRecords(settings, store) : undefined
    const remembered = recent?.guard(noted) ?? noted
    const endings = new Endings(remembered)
    this.#core = Object.freeze({
      settings,
      tokens,
      store: endings.guard(remembered),
      events,
      endings,
      signals: new Signals(async (id) => expiryOf(await guarded.read(id)), settings.now),
    })
    this.#ring = ring
    this.#revocations = log && new RevocationList(log, ring, settings)
    this.#store = store
    this.#recent = recent
    this.#users = new Users(
      this.#core,
      () => {
        const users = guardUsers(store, events)
        return revocations?.guardUsers(users) ?? users
      },
      (change) => recent?.hear(change),
    )
    this.onError = settings.onError
    this.counts = events.counts
    // Whoever asks for documents hears at once why there can be none.
    if (settings.discovery) this.#wellKnown = this.#publish()
    Object.freeze(this)
  }

  open(request: RequestFacts): MaybePromise<Visit> {
    const found = walk(open(this.#core, request))
    return isPromise(found) ? found.then((it) => this.#visit(it)) : this.#visit(found)
  }

  get wellKnown(): Endpoint {
    return (this.#wellKnown ??= this.#publish())
  }

  forwardAuth(options: ForwardAuthOptions = {}): Endpoint {
    requireIssuer(this.#core.settings, 'forwardAuth')
    return forwardAuthEndpoint((request) => this.open(request), options)
  }

  refresh(options: RefreshOptions = {}): Endpoint {
    const issuer = requireIssuer(this.#core.settings, 'refresh')
    const endpoint = refreshEndpoint((request) => this.open(request), issuer, options)
    this.#refreshPath = options.path ?? this.#refreshPath
    return endpoint
  }

  async tokenFor(request: CookieCarrier, options: TokenForOptions): Promise<string | undefined> {
    requireIssuer(this.#core.settings, 'tokenFor')
    const { record } = await walk(open(this.#core, factsOf(request)))
    if (record?.userId === undefined) return undefined
    return tokenFor(this.#ring, this.#core.settings, record, options)
  }

  forUser(userId: UserId): Promise<readonly UserSession[]> {
    return this.#users.forUser(userId)
  }

  revoke(handle: string): Promise<boolean> {
    return this.#users.revoke(handle)
  }

  revokeAll(...values: Parameters<SessionsOfUsers['revokeAll']>): Promise<void> {
    return this.#users.revokeAll(...values)
  }

  refreshUser(userId: UserId): Promise<void> {
    return this.#users.refreshUser(userId)
  }

  async sweep(): Promise<number> {
    await this.#core.endings.retry()
    return (await this.#store.sweep?.()) ?? 0
  }

  async close(): Promise<void> {
    this.#core.endings.close()
    this.#ring.close()
    await this.#recent?.close()
    await this.#store.close?.()
  }

  #publish(): Endpoint {
    const { settings } = this.#core
    return wellKnownEndpoint(this.#ring, settings, this.#revocations, () => this.#refreshPath)
  }

  #visit(found: Found): Visit {
    return new Visit(new SessionState(this.#core, found))
  }
}

/** An issuer or audience that no reader takes would let everybody log in, and nobody be logged in. */
function refuseUnreadable(tokens: Tokens, settings: Settings): void {
  const { now, tokenLife } = settings
  const issuedAt = now()
  const contents = {
    id: settings.newId(),
    userId: undefined,
    claims: '{}',
    issuedAt,
    expires: issuedAt + tokenLife,
  }
  if (tokens.accepts(contents)) return
  throw new SessionError('invalid_option', 'issuer, audience or now cannot stand in a token')
}

/** What ends is noted only where neighbours can read of it, in a list signed by a public key (R32). */
function publishedLog(
  { revocations }: Store,
  ring: KeyRing,
  { issuer }: Settings,
  events: Events,
): RevocationLog | undefined {
  if (issuer === undefined || revocations === undefined) return undefined
  if (ring.ready === undefined && ring.trusted.current.publicJwk === undefined) return undefined
  return guardRevocations(revocations, events)
}

function expiryOf(record: SessionRecord | typeof ENDED | undefined): number | undefined {
  return record === undefined || record === ENDED ? undefined : record.expires
}
