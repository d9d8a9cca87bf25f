import { SessionError } from '../errors.ts'
import { BACKDATED_SECONDS } from '../token/claims.ts'
import type { GenuineToken, TokenContents } from '../token/token.ts'
import { LARGE_COOKIE_BYTES, MAX_COOKIE_BYTES } from './cookie.ts'
import { firstSecondAfter, type SessionRecord, type UserMark } from './record.ts'
import type { Core } from './state.ts'
import { type Steps, wait } from './steps.ts'

/** Whom a session is bound to, and what neighbours may read of them. */
export interface Identity {
  readonly userId: string | undefined
  /** JSON text of an object: short fields, then the results of `claims()`. */
  readonly claims: string
}

/** @throws SessionError `invalid_user`, `invalid_claims` naming the field */
export function* identify(core: Core, user: unknown): Steps<Identity> {
  const userId = isUser(user) ? core.settings.userId(user) : undefined
  return { userId, claims: yield* claimsOf(core, user) }
}

/** Who logs in: as the store knows them, where claims are what it makes of the user. */
export function* knownUser({ settings }: Core, user: unknown): Steps<unknown> {
  if (!settings.derivesClaims) return user
  return (yield* wait(settings.user?.(settings.userId(user)))) ?? user
}

/** What neighbours may read of a user, or of nobody. @throws SessionError `invalid_claims` */
export function* claimsOf({ settings }: Core, user: unknown): Steps<string> {
  const fields = isUser(user) ? settings.fields.project(user) : {}
  const more = yield* wait(settings.claims(isUser(user) ? user : undefined))
  return JSON.stringify({ ...fields, ...(more && settings.fields.checkClaims(more)) })
}

/** The record, with what its token says beside it. */
export function inheriting(
  { settings }: Core,
  record: SessionRecord,
  token: GenuineToken | undefined,
): SessionRecord {
  if (record.userId === undefined) return record
  const claims = settings.inherit(record.claims, token)
  return claims === record.claims ? record : { ...record, claims }
}

function isUser(user: unknown): boolean {
  return user !== undefined && user !== null
}

/** What ended sessions of the user before; undefined where the store does not know users. */
export function* userMark(core: Core, userId: string | undefined): Steps<UserMark | undefined> {
  return userId === undefined ? undefined : yield* wait(core.store.userMark?.(userId))
}

/** A living session began after the mark: only a young one's token could seem to be older (R4). */
export function* markOfYoung(core: Core, record: SessionRecord): Steps<UserMark | undefined> {
  const age = core.settings.now() - record.created
  return age < YOUNG_MS ? yield* userMark(core, record.userId) : undefined
}

/** So long `iat`, whole seconds and set back, may lie before the beginning of the session. */
const YOUNG_MS = (BACKDATED_SECONDS + 1) * 1000

/**
 * Signs a token for a record that the store has just said to live (R15).
 *
 * @param mark the user's, which the token may not seem to predate
 * @throws SessionError `cookie_too_large`, `keys_unavailable`
 */
export function* sign(
  core: Core,
  id: string,
  record: SessionRecord,
  mark?: UserMark,
): Steps<string> {
  const contents = tokenContents(core, id, record, mark)
  refuseLargeCookie(core, contents)
  return yield* wait(core.tokens.issue(contents))
}

/** R4: a token ends with the record at the latest, and the record never outlives its absolute end. */
export function tokenContents(
  core: Core,
  id: string,
  record: SessionRecord,
  mark?: UserMark,
): TokenContents {
  const { userId, claims, created, expires } = record
  const { now, tokenLife, absolute } = core.settings
  const since = mark === undefined ? 0 : firstSecondAfter(mark) * 1000
  const issuedAt = Math.max(now(), since + BACKDATED_SECONDS * 1000)
  const end = Math.min(Math.max(now(), since) + tokenLife, expires, created + absolute)
  return { id, userId, claims, issuedAt, expires: end }
}

/** @throws SessionError `cookie_too_large`, listing what takes the room */
export function refuseLargeCookie(
  { tokens, settings, events }: Core,
  contents: TokenContents,
): void {
  const bytes = settings.cookie.name.length + tokens.size(contents)
  if (bytes <= LARGE_COOKIE_BYTES) return
  const sizes = tokens.claimSizes(contents).map(([name, size]) => `${name} ${size}`)
  if (bytes > MAX_COOKIE_BYTES) {
    throw new SessionError(
      'cookie_too_large',
      `The cookie would take ${bytes} bytes, above the ${MAX_COOKIE_BYTES} that browsers keep; shorten fields or leave some out (${sizes.join(', ')})`,
    )
  }
  events.emit('cookie_large', { id: contents.id })
  events.warn(
    `A session cookie takes ${bytes} bytes (${sizes.join(', ')}); proxies refuse requests with large headers`,
  )
}
