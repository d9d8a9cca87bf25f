import { SessionError } from '../errors.ts'

/** A cookie to be set, as a value; its text is made at the last line of an adapter. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly domain: string | undefined
  readonly path: string
  readonly secure: boolean
  readonly sameSite: SameSite
  /** Seconds; 0 clears the cookie, undefined leaves it until the browser is closed. */
  readonly maxAge: number | undefined
  /** The whole of `Set-Cookie`, where another system writes the cookie too, in its own way. */
  readonly line?: string
}

/** A cookie whose text is made by others' rules. */
export interface CookieLine {
  readonly name: string
  /** The whole of `Set-Cookie`. */
  readonly line: string
}

/** From which sites' requests the browser sends the cookie, as the header has it. */
export type SameSite = 'Strict' | 'Lax' | 'None'

/** A form in which the browser may still hold our cookie: a name, a domain and a path. */
export interface CookieVariant {
  readonly name?: string
  readonly domain?: string
  readonly path?: string
}

/** The cookie's outer form; every wrong combination is an error at construction (RFC 6265bis). */
export interface CookieOptions extends CookieVariant {
  /** Default `'Lax'`. `'None'` needs `secure`. */
  readonly sameSite?: SameSite
  /** Default true; false in development and under test, where the app is served over http. */
  readonly secure?: boolean
  /** Whether the cookie outlives the browser's session; default false. */
  readonly persistent?: boolean
  /** Forms the cookie had before: still read by name, and cleared along with the current one. */
  readonly previous?: readonly CookieVariant[]
}

/** RFC 6265bis: what a browser stores of name and value together. */
export const MAX_COOKIE_BYTES = 4096
/** Proxies and gateways begin to refuse whole requests from here on. */
export const LARGE_COOKIE_BYTES = 2048
/** RFC 6265bis §5.5: browsers cut longer lives. */
const MAX_AGE_SECONDS = 400 * 86_400

/** What is asked of a cookie's form, ours or another system's. */
export interface CookieWriter {
  readonly name: string
  /** The current name first, then earlier ones. */
  readonly names: readonly string[]
  /**
   * @param expires when the session ends, in ms since 1970
   * @param data its data as JSON text
   */
  set(token: string, now: number, expires: number, data: string): SetCookie
  /** Clears every form in which the browser may hold the cookie (R11). */
  clear(): readonly SetCookie[]
  /** Clears the forms that a cookie about to be set would leave in place. */
  clearOthers(): readonly SetCookie[]
}

/** Everything about the cookie's outer form: names, attributes, what to read and what to clear. */
export class CookieForm implements CookieWriter {
  readonly name: string
  readonly names: readonly string[]
  readonly #current: SetCookie
  readonly #cleared: readonly SetCookie[]
  readonly #persistent: boolean

  /** @param strict whether the cookie must be secure unless told otherwise */
  constructor(options: CookieOptions = {}, strict: boolean) {
    options = Object.assign(Object.create(null), options)
    const secure = options.secure ?? strict
    const form = ({ domain, path = '/', name }: CookieVariant): SetCookie => {
      const { sameSite = 'Lax' } = options
      name ??= defaultName(secure, domain, path)
      return check({ name, value: '', domain, path, secure, sameSite, maxAge: undefined })
    }
    this.#current = form(options)
    this.#cleared = distinct([options, ...(options.previous ?? [])].map(form).flatMap(clearing))
    this.#persistent = options.persistent ?? false
    this.name = this.#current.name
    this.names = [...new Set(this.#cleared.map((cookie) => cookie.name))]
  }

  set(token: string, now: number, expires: number): SetCookie {
    const seconds = Math.max(1, Math.floor((expires - now) / 1000))
    const maxAge = this.#persistent ? Math.min(seconds, MAX_AGE_SECONDS) : undefined
    return { ...this.#current, value: token, maxAge }
  }

  clear(): readonly SetCookie[] {
    return this.#cleared
  }

  clearOthers(): readonly SetCookie[] {
    return this.#cleared.filter((other) => slot(other) !== slot(this.#current))
  }
}

/** What a browser keeps apart: a cookie replaces another only if all three are the same. */
function slot({ name, domain, path }: SetCookie): string {
  return [name, domain, path].join(';')
}

function distinct(cookies: readonly SetCookie[]): readonly SetCookie[] {
  return [...new Map(cookies.map((cookie) => [slot(cookie), cookie])).values()]
}

/** A cookie with a domain may have a host-only twin, set before the domain was configured. */
function clearing(form: SetCookie): SetCookie[] {
  const cleared = { ...form, maxAge: 0 }
  return form.domain === undefined ? [cleared] : [cleared, { ...cleared, domain: undefined }]
}

/** `__Host-` binds the cookie to one host, `__Secure-` at least to TLS (RFC 6265bis §4.1.3). */
function defaultName(secure: boolean, domain: string | undefined, path: string): string {
  if (!secure) return 'session'
  return domain === undefined && path === '/' ? '__Host-session' : '__Secure-session'
}

function check(cookie: SetCookie): SetCookie {
  const { name, domain, path, secure, sameSite } = cookie
  refuse(
    !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/.test(name),
    'cookie.name must be an RFC 6265 token',
  )
  refuse(
    domain !== undefined && !/^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(domain),
    'cookie.domain must be a host name',
  )
  refuse(
    !/^\/[\x21-\x3a\x3c-\x7e]{0,1023}$/.test(path),
    "cookie.path must begin with '/' and hold no ';'",
  )
  refuse(
    !['Strict', 'Lax', 'None'].includes(sameSite),
    "cookie.sameSite is 'Strict', 'Lax' or 'None'",
  )
  refuse(sameSite === 'None' && !secure, "cookie.sameSite 'None' needs cookie.secure")
  const lower = name.toLowerCase()
  refuse(/^__(host|secure|http)-/.test(lower) && !secure, `The name ${name} needs cookie.secure`)
  refuse(
    lower.startsWith('__host-') && (domain !== undefined || path !== '/'),
    `The name ${name} allows no cookie.domain and no cookie.path but '/'`,
  )
  return cookie
}

function refuse(wrong: boolean, message: string): void {
  if (wrong) throw new SessionError('invalid_option', message)
}

/** The text of a `Set-Cookie` header. */
export function serializeCookie(cookie: SetCookie | CookieLine): string {
  return cookie.line ?? lineOf(cookie as SetCookie)
}

function lineOf({ name, value, path, domain, maxAge, secure, sameSite }: SetCookie): string {
  let text = `${name}=${value}; Path=${path}`
  if (domain !== undefined) text += `; Domain=${domain}`
  if (maxAge !== undefined) text += `; Max-Age=${maxAge}`
  if (maxAge === 0) text += '; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
  text += '; HttpOnly'
  if (secure) text += '; Secure'
  return `${text}; SameSite=${sameSite}`
}
