import type { Answer, HeadChanges } from '../session/commit.ts'
import type { MaybePromise } from '../session/record.ts'
import { type CookieLine, type SetCookie, serializeCookie } from '../session/cookie.ts'

/** A cookie in our form, or one whose text was made by express-session's rules. */
export type AnyCookie = SetCookie | CookieLine

/** What a head asks of the session that it waits for. */
export interface HeadVisit {
  readonly session: unknown
  readonly auth: unknown
  readonly headPending: boolean
  /** There is no head to say anything by: what would need one must fail from here on. */
  closeHead?(): void
  commit(answer: Answer): MaybePromise<HeadChanges<AnyCookie>>
}

/** How the header fields of one framework's response are reached. */
export interface HeadFields<Head> {
  /** The values of a field, one for each line of it; none if it is not set. */
  read(head: Head, name: string): readonly string[]
  /** Replaces all lines of a field. */
  replace(head: Head, name: string, lines: readonly string[]): void
}

/** The app's `Cache-Control`, as a commit asks for it. */
export function cacheControlOf<Head>(head: Head, fields: HeadFields<Head>): string | undefined {
  const lines = fields.read(head, 'Cache-Control')
  return lines.length === 0 ? undefined : lines.join(', ')
}

/** Joins what a commit wants of a response head to what the app and other middleware set there. */
export function applyHeadChanges<Head>(
  head: Head,
  fields: HeadFields<Head>,
  { cookies, vary, cacheControl }: HeadChanges<AnyCookie>,
): void {
  if (vary) {
    const existing = fields.read(head, 'Vary')
    if (!variesOnCookie(existing))
      fields.replace(head, 'Vary', [[...existing, 'Cookie'].join(', ')])
  }
  if (cacheControl !== undefined) fields.replace(head, 'Cache-Control', [cacheControl])
  if (cookies.length > 0) {
    const lines = withCookies(fields.read(head, 'Set-Cookie'), cookies)
    fields.replace(head, 'Set-Cookie', lines)
  }
}

function variesOnCookie(vary: readonly string[]): boolean {
  return /(?:^|,)[ \t]*(?:\*|cookie)[ \t]*(?:,|$)/i.test(vary.join(','))
}

/** The app's cookies in their order, without those that ours replace (RFC 6265bis: one of a name). */
function withCookies(existing: readonly string[], ours: readonly AnyCookie[]): string[] {
  const others = existing.filter((line) => !ours.some(({ name }) => name === cookieName(line)))
  return [...others, ...ours.map(serializeCookie)]
}

function cookieName(line: string): string | undefined {
  return /^[ \t]*([^=;]*?)[ \t]*=/.exec(line)?.[1]
}
