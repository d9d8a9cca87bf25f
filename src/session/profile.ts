import { randomBytes } from 'node:crypto'
import type { ClaimRules } from '../token/claims.ts'
import type { KeyRing } from '../token/key-ring.ts'
import type { GenuineToken } from '../token/token.ts'
import type { CookieWriter } from './cookie.ts'
import { DATA_LIMITS, type DataLimits } from './data.ts'

/**
 * Where the sessions of another system are otherwise than ours. Apps that share sessions with it pass
 * one along without seeing it: `createSessions({ ...django({ … }) })`.
 */
export interface Profile extends Pick<ClaimRules, 'sessionId' | 'bare'> {
  readonly newId: () => string
  /** The session that a cookie names in a form of its own, asked if no cookie holds a token (R43). */
  readonly otherId: (cookieHeader: string) => string | undefined
  /** Whether the last of several cookies decides, so that both systems see the same session. */
  readonly lastCookieWins: boolean
  /** Until when a session lives that is used now, in ms since 1970; undefined for the idle time. */
  readonly expiry: ((data: string, now: number) => number) | undefined
  /**
   * What counts as use: any look at the session, throttled; a change of its data; or every request.
   * Where it is not looking, the cookie goes out again with each such use.
   */
  readonly activity: 'use' | 'write' | 'request'
  /** Whether a login keeps all that the session held for nobody, or for the same user. */
  readonly keepsAtLogin: boolean
  /** Whether neither a record nor a cookie may change. */
  readonly readOnly: boolean
  readonly dataLimits: DataLimits
  /** Whether records have no claims of their own: each is what the store makes of the user. */
  readonly derivesClaims: boolean
  /** The claims of a bound session, with those of the token it came by that only others know. */
  readonly inherit: (claims: string, token: GenuineToken | undefined) => string
}

/** What another system gives to `createSessions`. */
export interface ForeignProfile extends Profile {
  readonly cookie: CookieWriter
  readonly keyRing: (now: () => number) => KeyRing
}

/** Under this name an option holds a `ForeignProfile`. */
export const PROFILE: unique symbol = Symbol('symbolon profile')

/** 192 bits from the platform's generator (SES-01); the record's absence is checked by `create`. */
export function newId(): string {
  return randomBytes(24).toString('base64url')
}

export const OURS: Profile = Object.freeze({
  bare: false,
  newId,
  otherId: () => undefined,
  lastCookieWins: false,
  expiry: undefined,
  activity: 'use',
  keepsAtLogin: false,
  readOnly: false,
  dataLimits: DATA_LIMITS,
  derivesClaims: false,
  inherit: (claims: string) => claims,
})
