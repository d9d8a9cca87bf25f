import { SessionError } from '../errors.ts'
import { REGISTERED_CLAIMS } from '../token/claims.ts'
import {
  createFields,
  DEFAULT_SESSION_FIELD,
  type FieldForm,
  type Fields,
} from '../token/fields.ts'
import { CookieForm, type CookieOptions, type CookieWriter } from './cookie.ts'
import { type Duration, milliseconds } from '../duration.ts'
import { type ForeignProfile, OURS, PROFILE, type Profile } from './profile.ts'
import { type MaybePromise, TOMBSTONE_MS } from './record.ts'
import { isStrict } from './strict.ts'

/** The answer to a request whose session could not be stored. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The options of one app's sessions that are not keys and fields. */
export interface SessionOptions<User, Claims = Record<string, unknown>> {
  /**
   * More claims, beside the fields: Django's CALLABLE. Asked at login, and when a token is issued
   * again and `user` is given; for an anonymous session with undefined. May not return the name of
   * a field or of a registered claim.
   */
  readonly claims?: (user: User | undefined) => MaybePromise<Claims | undefined>
  /**
   * Finds a user by id, when a token is issued again: its answer gives fresh claims, null ends the
   * session (R3). Without it the claims of the login stand until the next login.
   */
  readonly user?: (id: string) => MaybePromise<User | null | undefined>
  /** The text that names a user; default: its property `id`. */
  readonly userId?: (user: User) => string | number | bigint
  /** The claim that carries the session's id; default `'sk'`. */
  readonly sessionField?: string
  /** How long a token is believed by neighbours; issued again at half of it. Default `'15m'`. */
  readonly tokenLife?: Duration
  /** How long an unused session lives; default `'14d'`. */
  readonly idle?: Duration
  /** How long a session lives since its login, however much it is used; default `'30d'`. */
  readonly absolute?: Duration
  /**
   * For how long a process may go on with a record that it has read, on GET, HEAD and OPTIONS: what
   * others did to the session is seen so much later there, unless the store tells of changes. Every
   * other method asks the store. At most one minute, and at most `tokenLife`; default 0 (R13).
   */
  readonly maxStale?: Duration
  /** `iss` of the tokens: the app's public address. Required for `wellKnown`. */
  readonly issuer?: string
  /** `aud` of the tokens; by default there is none, since many verifiers refuse one (federation §1). */
  readonly audience?: string
  /**
   * Whether `wellKnown` publishes `openid-configuration` and `oauth-authorization-server` too, for
   * libraries that look for keys there: issuer and key set alone, since there is no endpoint to log in
   * at (R30). Default false.
   */
  readonly discovery?: boolean
  readonly cookie?: CookieOptions
  /** The answer when a session cannot be stored; without it the framework's error handling answers. */
  readonly onError?: (error: SessionError) => ErrorAnswer | undefined
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: () => number
  /** @internal Passed along by those who share sessions with another system. */
  readonly [PROFILE]?: ForeignProfile
}

/** The options as the rest of the session code reads them: checked, complete, frozen. */
export interface Settings extends Profile {
  readonly fields: Fields
  readonly claims: (user: unknown) => MaybePromise<Record<string, unknown> | undefined>
  readonly user: ((id: string) => MaybePromise<unknown>) | undefined
  readonly userId: (user: unknown) => string
  readonly sessionField: string
  readonly tokenLife: number
  readonly idle: number
  readonly absolute: number
  readonly maxStale: number
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly discovery: boolean
  readonly cookie: CookieWriter
  readonly onError: ((error: SessionError) => ErrorAnswer | undefined) | undefined
  readonly now: () => number
}

const SECOND = 1000

/** @throws SessionError `invalid_option` */
export function resolveOptions<User, Claims>(
  options: SessionOptions<User, Claims>,
  fields: Fields | readonly FieldForm[],
): Settings {
  const tokenLife = milliseconds(options.tokenLife ?? '15m', 'tokenLife')
  const idle = milliseconds(options.idle ?? '14d', 'idle')
  const absolute = milliseconds(options.absolute ?? '30d', 'absolute')
  const maxStale = milliseconds(options.maxStale ?? 0, 'maxStale')
  for (const [name, value] of Object.entries({ tokenLife, idle, absolute })) {
    refuseUnless(value >= SECOND, `${name} must be at least one second`)
  }
  refuseUnless(idle <= absolute, 'idle may not exceed absolute: raise absolute or lower idle')
  // A record may not be remembered longer than its tombstone stands, or than neighbours believe it.
  refuseUnless(
    maxStale <= Math.min(TOMBSTONE_MS, tokenLife),
    'maxStale may exceed neither one minute nor tokenLife',
  )
  for (const name of ['claims', 'user', 'userId', 'onError', 'now'] as const) {
    const value = options[name]
    refuseUnless(value === undefined || typeof value === 'function', `${name} must be a function`)
  }
  for (const name of ['issuer', 'audience'] as const) {
    const value = options[name]
    refuseUnless(
      value === undefined || (typeof value === 'string' && value !== ''),
      `${name} must be text`,
    )
  }
  const { sessionField = DEFAULT_SESSION_FIELD, discovery = false } = options
  refuseUnless(typeof discovery === 'boolean', 'discovery must be true or false')
  refuseUnless(
    /^[A-Za-z]\w{0,31}$/.test(sessionField) && !REGISTERED_CLAIMS.includes(sessionField),
    'sessionField must be a short name that is no registered claim, such as sk',
  )
  const foreign = options[PROFILE]
  const decided = ['keys', 'hybrid', 'cookie', 'issuer', 'audience'].find(
    (name) => foreign !== undefined && Reflect.get(options, name) !== undefined,
  )
  refuseUnless(
    decided === undefined,
    `${decided} is decided by the system that the sessions are shared with`,
  )
  const userId = options.userId ?? ((user: User) => (user as { id?: string }).id as string)
  return Object.freeze({
    ...OURS,
    ...foreign,
    fields: createFields(fields, sessionField),
    claims: (options.claims ?? (() => undefined)) as Settings['claims'],
    user: options.user,
    userId: (user: unknown) => userIdText(userId(user as User)),
    sessionField,
    tokenLife,
    idle,
    absolute,
    maxStale,
    issuer: options.issuer,
    audience: options.audience,
    discovery,
    cookie: foreign?.cookie ?? new CookieForm(options.cookie, isStrict()),
    onError: options.onError,
    now: options.now ?? Date.now,
  })
}

// oxlint-disable-next-line no-control-regex
const USER_ID = /^[^\u0000-\u001f\u007f-\u009f]{1,255}$/

/** Ids end up as `sub`, in headers and in logs of neighbours: text without control characters. */
export function userIdText(id: unknown): string {
  const text = typeof id === 'bigint' || Number.isFinite(id) ? String(id) : id
  if (typeof text === 'string' && USER_ID.test(text) && text.isWellFormed()) return text
  throw new SessionError(
    'invalid_user',
    'A user needs an id of 1 to 255 characters; name another property by the option userId',
  )
}

function refuseUnless(right: boolean, message: string): void {
  if (!right) throw new SessionError('invalid_option', message)
}
