import type { RejectionCode } from '../errors.ts'

/** When a token was issued and when neighbours stop believing it, in whole seconds since 1970. */
export interface TokenTimes {
  readonly iat: number
  readonly exp: number
  readonly nbf: number | undefined
}

/** What a payload of the right shape says of the session. */
export interface SessionClaims extends TokenTimes {
  /** The session key, claim `sk` unless configured otherwise; empty where there is none. */
  readonly id: string
  /** `sub`: the bound user. */
  readonly userId: string | undefined
}

export interface ClaimRules {
  readonly sessionField: string
  /** The shape of a session's id; by default that of the ids made here, and of a UUID. */
  readonly sessionId?: RegExp | undefined
  /** `iss` must be exactly this; not looked at by default. */
  readonly issuer?: string | undefined
  /** `aud` must be or contain this; by default there may be none (RFC 7519 §4.1.3). */
  readonly audience?: string | undefined
  /** Whether another system issues tokens too: they never say `sub`, and need not end. */
  readonly bare?: boolean | undefined
}

/** RFC 7519 §4.1. */
export const REGISTERED_CLAIMS: readonly string[] = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
]

/** `iat` is set back so far, since many verifiers refuse one that is ahead of their clock. */
export const BACKDATED_SECONDS = 5

/** How far clocks may differ at most, where that is an option. */
export const MAX_TOLERANCE_MS = 300_000

const SESSION_ID = /^[\w-]{16,128}$/

/** 9999-12-31T23:59:59Z: later dates overflow in other languages, and are milliseconds by mistake. */
const LAST_SECOND = 253_402_300_799

/**
 * Checks the shape of a session token's payload. Whether it is still valid is a question of its own:
 * see `timeProblem`.
 *
 * @param payload a genuine payload, from `parseStrictObject`
 * @returns the session's claims, or `'claims'`, `'issuer'` or `'audience'`
 */
export function checkClaims(
  payload: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
): SessionClaims | RejectionCode {
  const { iat, exp = rules.bare ? LAST_SECOND : undefined, nbf, sub, iss, aud } = payload
  const { [rules.sessionField]: id = '' } = payload
  if (typeof id !== 'string' || !(rules.sessionId ?? SESSION_ID).test(id)) return 'claims'
  if (!isTime(iat) || !isTime(exp) || exp <= iat) return 'claims'
  if (nbf !== undefined && (!isTime(nbf) || nbf > exp)) return 'claims'
  if (sub !== undefined && (typeof sub !== 'string' || sub === '')) return 'claims'
  if (rules.issuer !== undefined && iss !== rules.issuer) return 'issuer'
  if (!isAudience(aud, rules.audience)) return 'audience'
  return { id, userId: sub, iat, exp, nbf }
}

function isTime(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_SECOND
}

function isAudience(aud: unknown, ours: string | undefined): boolean {
  if (ours === undefined) return aud === undefined
  return Array.isArray(aud) ? aud.includes(ours) : aud === ours
}

/** The members that are the app's own: fields, and what `claims()` returned. */
export function appClaims(
  payload: Readonly<Record<string, unknown>>,
  sessionField: string,
): Record<string, unknown> {
  const claims: Record<string, unknown> = {}
  for (const name of Object.keys(payload)) {
    if (name !== sessionField && !REGISTERED_CLAIMS.includes(name)) claims[name] = payload[name]
  }
  return claims
}

/**
 * Whether a token's times fit the clock. A neighbour refuses a token with any problem; in the app it
 * only means that the record must be asked (R9).
 *
 * @param now in ms since 1970
 * @param limits `tolerance`: how far the issuer's clock may be off, in ms; `tokenLife`: the longest
 * life the issuer gives a token, in ms
 * @returns `'expired'`; `'early'`: issued or valid later than now; `'claims'`: lives too long
 */
export function timeProblem(
  { iat, exp, nbf = iat }: TokenTimes,
  now: number,
  limits: { readonly tolerance: number; readonly tokenLife: number },
): 'expired' | 'early' | 'claims' | undefined {
  if (now - limits.tolerance >= exp * 1000) return 'expired'
  if (now + limits.tolerance < Math.max(iat, nbf) * 1000) return 'early'
  if ((exp - iat - BACKDATED_SECONDS) * 1000 >= limits.tokenLife + 1000) return 'claims'
  return undefined
}

/**
 * Whether a genuine token may still lead to its record, however its times are (R9). Past that the
 * record has expired in any case, and the store need not be asked.
 *
 * @param now in ms since 1970
 * @param lives `idle` and `tokenLife` in ms
 */
export function canOpenRecord(
  { iat }: TokenTimes,
  now: number,
  lives: { readonly idle: number; readonly tokenLife: number },
): boolean {
  return now < iat * 1000 + lives.idle + lives.tokenLife
}
