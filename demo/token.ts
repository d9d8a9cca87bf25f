/** The session cookie taken apart, only to be looked at: to believe it takes the key and the record. */
export interface LookedAt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly sizes: readonly { readonly name: string; readonly size: number }[]
  /** When services stop believing it, in ms since 1970. */
  readonly ends: number
}

/** In development the cookie has this name; in production it is `__Host-session`. */
const NAME = 'session='

/** The token as the browser sent it. */
export function tokenIn(cookies = ''): string | undefined {
  const cookie = cookies.split('; ').find((text) => text.startsWith(NAME))
  return cookie?.slice(NAME.length)
}

/** The token as a browser would send it. */
export function cookieWith(token: string): string {
  return NAME + token
}

export function lookAt(token: string): LookedAt {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = decode(payload)
  const sizes = Object.entries({ name: NAME, header, payload, signature })
  return {
    header: decode(header),
    claims,
    sizes: sizes.map(([name, text]) => ({ name, size: text.length })),
    ends: Number(claims['exp']) * 1000,
  }
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}
