import { SessionError } from '../errors.ts'

/** The session's cookie, in the forms that clients take. */
export interface ClientCookie {
  readonly name: string
  readonly value: string
  /** For a `Cookie` request header: `name=value`. */
  readonly cookie: string
  /** For Fastify's `inject` and light-my-request: name → value. */
  readonly cookies: Record<string, string>
  /** For a cookie jar: the text of the `Set-Cookie` header. */
  readonly setCookie: string
  /** What `cy.setCookie()` takes, as JSON that a task of Cypress can answer. */
  readonly cypress: [name: string, value: string, options: CypressOptions]
  /**
   * For Playwright's `storageState`; its `cookies` for `context.addCookies()`.
   *
   * @param url where the browser will find the app
   * @throws SessionError `invalid_option` if no browser would send the cookie there
   */
  readonly storageState: (url: string) => StorageState
}

/** What Playwright keeps of a browser, with the session's cookie alone. */
export interface StorageState {
  cookies: BrowserCookie[]
  origins: never[]
}

interface BrowserCookie {
  name: string
  value: string
  domain: string
  path: string
  /** In seconds since 1970; -1 until the browser is closed. */
  expires: number
  httpOnly: boolean
  secure: boolean
  sameSite: 'Strict' | 'Lax' | 'None'
}

interface CypressOptions {
  domain?: string
  hostOnly: boolean
  path: string
  expiry?: number
  httpOnly: boolean
  secure: boolean
  sameSite: 'strict' | 'lax' | 'no_restriction'
}

/** @param setCookie the `Set-Cookie` header, by the rules of whoever writes the session's cookie */
export function clientCookie(setCookie: string): ClientCookie {
  const [[name, value] = ['', ''], ...rest] = setCookie.split(/; */).map(pairOf)
  const attributes = new Map(rest.map(([key, text]) => [key.toLowerCase(), text]))
  const domain = attributes.get('domain')?.replace(/^\./, '')
  const expires = expiryOf(attributes)
  const sameSite = sameSiteOf(attributes.get('samesite'))
  const form = {
    path: attributes.get('path') ?? '/',
    httpOnly: attributes.has('httponly'),
    secure: attributes.has('secure'),
  }
  return {
    name,
    value,
    cookie: `${name}=${value}`,
    cookies: { [name]: value },
    setCookie,
    cypress: [
      name,
      value,
      {
        ...form,
        ...(domain !== undefined && { domain }),
        hostOnly: domain === undefined,
        ...(expires !== -1 && { expiry: expires }),
        sameSite: CYPRESS_WORDS[sameSite],
      },
    ],
    storageState(url) {
      const host = hostOf(url, form.secure)
      // With a dot in front for subdomains too, without it for this host alone.
      const place = domain === undefined ? host : `.${domain}`
      return {
        cookies: [{ name, value, domain: place, ...form, expires, sameSite }],
        origins: [],
      }
    },
  }
}

const CYPRESS_WORDS = { Strict: 'strict', Lax: 'lax', None: 'no_restriction' } as const

function pairOf(text: string): [name: string, value: string] {
  const [, name, value = ''] = /^([^=]*)=?(.*)$/s.exec(text) as RegExpExecArray
  return [name as string, value]
}

/** By the browser's own clock, whatever the app's. `Max-Age` goes before `Expires` (RFC 6265 §5.3). */
function expiryOf(attributes: ReadonlyMap<string, string>): number {
  const [age, date] = [attributes.get('max-age'), attributes.get('expires')]
  if (age !== undefined) return Math.floor(Date.now() / 1000) + Number(age)
  return date === undefined ? -1 : Math.floor(Date.parse(date) / 1000)
}

/** A browser takes a cookie that says nothing for `Lax`. */
function sameSiteOf(text = ''): BrowserCookie['sameSite'] {
  return (['Strict', 'None'] as const).find((it) => it === text) ?? 'Lax'
}

/** A Secure cookie goes to this machine without TLS too, and nowhere else. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/

function hostOf(url: string, secure: boolean): string {
  const { protocol, hostname } = URL.parse(url) ?? {}
  const reachable = protocol === 'https:' || !secure || LOOPBACK.test(hostname ?? '')
  if (hostname && reachable) return hostname
  throw new SessionError(
    'invalid_option',
    'storageState() needs the address of the app; that of a Secure cookie begins with https:',
  )
}
