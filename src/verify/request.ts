import { cookieValues } from '../token/cookie-values.ts'

/**
 * What a token is looked for in: a request of any runtime, the `Cookie` header (of sessions alone), or
 * the token itself.
 */
export type VerifiableRequest =
  | { readonly headers: { get(name: string): string | null } }
  | { readonly headers: { readonly cookie?: string | readonly string[] | undefined } }
  | { readonly cookie: string | null | undefined }
  | { readonly token: unknown }

/** Where sessions are looked for, and where tokens for one service. */
export type TokenHeader = 'Cookie' | 'Authorization'

/** Either the token, or the whole `Cookie` header that may hold it. */
export type Presented = { readonly token: unknown } | { readonly cookie: string }

export function presentedBy(request: VerifiableRequest, name: TokenHeader): Presented {
  // First, since apps put properties of their own on their requests.
  if ('headers' in request) {
    const text = headerOf(request.headers, name.toLowerCase())
    return name === 'Cookie' ? { cookie: text } : { token: /^bearer +(\S+)$/i.exec(text)?.[1] }
  }
  if (name === 'Cookie' && 'cookie' in request) return { cookie: request.cookie ?? '' }
  return { token: (request as { readonly token?: unknown }).token }
}

function headerOf(headers: object, name: string): string {
  const { get, [name]: member } = headers as Record<string, string | readonly string[]>
  // A client may send a header of that name.
  const value = typeof get === 'function' ? (headers as Headers).get(name) : member
  return [value ?? []].flat().join('; ')
}

/**
 * The one token of a request. Which of two cookies of a name is the app's cannot be told here, and
 * gateways and services must not see different sessions, so two are none (federation §1.11).
 */
export function tokenOf(
  presented: Presented,
  cookieName: string,
): { readonly token: unknown } | 'missing' | 'duplicate' {
  if ('token' in presented) return presented
  const [cookie, ...others] = cookieValues(presented.cookie, [cookieName])
  if (cookie === undefined) return 'missing'
  return others.length > 0 ? 'duplicate' : { token: cookie.value }
}
