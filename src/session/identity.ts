import { SessionError } from '../errors.ts'
import type { TokenContents } from '../token/token.ts'
import { LARGE_COOKIE_BYTES, MAX_COOKIE_BYTES } from './cookie.ts'
import type { SessionRecord } from './record.ts'
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

/** What neighbours may read of a user, or of nobody. @throws SessionError `invalid_claims` */
export function* claimsOf({ settings }: Core, user: unknown): Steps<string> {
  const fields = isUser(user) ? settings.fields.project(user) : {}
  const more = yield* wait(settings.claims(isUser(user) ? user : undefined))
  return JSON.stringify({ ...fields, ...(more && settings.fields.checkClaims(more)) })
}

function isUser(user: unknown): boolean {
  return user !== undefined && user !== null
}

/**
 * Signs a token for a record that the store has just said to live (R15).
 *
 * @throws SessionError `cookie_too_large`, `keys_unavailable`
 */
export function* sign(core: Core, id: string, record: SessionRecord): Steps<string> {
  const contents = tokenContents(core, id, record)
  refuseLargeCookie(core, contents)
  return yield* wait(core.tokens.issue(contents))
}

/** R4: a token ends with the record at the latest, and the record never outlives its absolute end. */
export function tokenContents(core: Core, id: string, record: SessionRecord): TokenContents {
  const { userId, claims, created, expires } = record
  const { now, tokenLife, absolute } = core.settings
  const issuedAt = now()
  const end = Math.min(issuedAt + tokenLife, expires, created + absolute)
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
