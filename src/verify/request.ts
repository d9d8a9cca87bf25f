import { cookieValues } from '../token/cookie-values.ts'

/** What a token is looked for in: a request of any runtime, the `Cookie` header, or the token itself. */
export type VerifiableRequest =
  | { readonly headers: { get(name: string): string | null } }
  | { readonly headers: { readonly cookie?: string | readonly string[] | undefined } }
  | { readonly cookie: string | null | undefined }
  | { readonly token: unknown }

/** Either the token, or the whole `Cookie` header that may hold it. */
export type Presented = { readonly token: unknown } | { readonly cookie: string }

export function presentedBy(request: VerifiableRequest): Presented {
  // First, since apps put properties of their own on their requests.
  if ('headers' in request) return { cookie: cookieHeader(request.headers) }
  return 'cookie' in request ? { cookie: request.cookie ?? '' } : request
}

function cookieHeader(headers: {
  get?: ((name: string) => string | null) | string
  cookie?: string | readonly string[] | undefined
}): string {
  // A client may send a header of that name.
  const value = typeof headers.get === 'function' ? headers.get('cookie') : headers.cookie
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
  if ('token' in presented) return presented.token === undefined ? 'missing' : presented
  const [cookie, ...others] = cookieValues(presented.cookie, [cookieName])
  if (cookie === undefined) return 'missing'
  return others.length > 0 ? 'duplicate' : { token: cookie.value }
}
