import type { TLSSocket } from 'node:tls'
import { cookieValues } from '../token/cookie-values.ts'
import type { RequestFacts } from '../session/open.ts'
import { deprecate } from './deprecate.ts'
import { type Secret, isOldCookie, readOldCookie } from './old-cookie.ts'
import type { SessionRequest } from './session.ts'

/** @param proxy the option: true believes `X-Forwarded-Proto`, undefined believes Express */
export function isSecure(req: SessionRequest, proxy: boolean | undefined): boolean {
  if ((req.socket as TLSSocket | undefined)?.encrypted) return true
  if (proxy === false) return false
  if (proxy !== true) return req.secure === true
  const [first = ''] = String(req.headers['x-forwarded-proto'] ?? '').split(',')
  return first.trim().toLowerCase() === 'https'
}

/** Whether the cookie's path is a prefix of the request's, as text: `/foo` also has `/foobar`. */
export function isUnderPath(req: SessionRequest, path: string | undefined): boolean {
  const url = (req.originalUrl ?? req.url ?? '').replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '')
  const pathname = /^[^?#]*/.exec(url)?.[0] || '/'
  return pathname.startsWith(path || '/')
}

/** What the request's cookies of this name say: tokens, or else express-session's own. */
export function factsOf(
  req: SessionRequest,
  name: string,
  secrets: readonly Secret[],
): RequestFacts & { readonly carried: boolean } {
  const inHeader = cookieValues(req.headers.cookie ?? '', [name]).map(({ value }) => value)
  const values = inHeader.length > 0 ? inHeader : parsedCookie(req, name)
  const tokens = values.filter((value) => !isOldCookie(value))
  const [oldId] = values.flatMap((value) =>
    isOldCookie(value) ? (readOldCookie(value, secrets) ?? []) : [],
  )
  return {
    cookie: tokens.map((token) => `${name}=${token}`).join('; '),
    otherId: oldId ?? signedCookie(req, name),
    method: req.method ?? '',
    navigation: req.headers['sec-fetch-dest'] === 'document',
    carried: values.length > 0,
  }
}

/** For apps that take the cookie from elsewhere and leave it to cookie-parser's properties. */
function parsedCookie({ cookies }: SessionRequest, name: string): string[] {
  const value = cookies?.[name]
  if (typeof value !== 'string') return []
  deprecate('cookie should be available in req.headers.cookie')
  return [value]
}

function signedCookie({ signedCookies }: SessionRequest, name: string): string | undefined {
  const value = signedCookies?.[name]
  if (typeof value !== 'string' || value === '') return undefined
  deprecate('cookie should be available in req.headers.cookie')
  return value
}
