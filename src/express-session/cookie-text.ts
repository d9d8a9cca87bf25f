/** The attributes of a cookie that its text names. */
export interface CookieAttributes {
  readonly domain: string | undefined
  readonly path: string | undefined
  readonly expires: Date | string | null | undefined
  readonly httpOnly: boolean | undefined
  readonly secure: boolean | string | undefined
  readonly partitioned: boolean | undefined
  readonly priority: string | undefined
  readonly sameSite: boolean | string | undefined
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const DOMAIN = /^\.?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i
const PATH = /^[\x20-\x3a\x3d-\x7e]*$/

const PRIORITIES = new Map<unknown, string>([
  ['low', 'Low'],
  ['medium', 'Medium'],
  ['high', 'High'],
])
const SAME_SITES = new Map<unknown, string>([
  [true, 'Strict'],
  ['strict', 'Strict'],
  ['lax', 'Lax'],
  ['none', 'None'],
])

export function serializeNameValue(name: string, value: string): string {
  if (!NAME.test(name)) throw new TypeError('argument name is invalid')
  return `${name}=${encodeURIComponent(value)}`
}

/** In the order and the words of express-session, which emits `Expires` and never `Max-Age`. */
export function serializeAttributes(cookie: CookieAttributes): string {
  const { domain, path, expires, httpOnly, secure, partitioned, priority, sameSite } = cookie
  let text = ''
  if (domain) text += `; Domain=${checked(domain, DOMAIN, 'domain')}`
  if (path) text += `; Path=${checked(path, PATH, 'path')}`
  if (expires) text += `; Expires=${dateText(expires)}`
  if (httpOnly) text += '; HttpOnly'
  if (secure) text += '; Secure'
  if (partitioned) text += '; Partitioned'
  if (priority) text += `; Priority=${named(priority, PRIORITIES, 'priority')}`
  if (sameSite) text += `; SameSite=${named(sameSite, SAME_SITES, 'sameSite')}`
  return text
}

function checked(value: string, form: RegExp, option: string): string {
  if (!form.test(value)) throw invalid(option)
  return value
}

function dateText(date: Date | string): string {
  if (!(date instanceof Date) || Number.isNaN(date.valueOf())) throw invalid('expires')
  return date.toUTCString()
}

function named(value: unknown, names: ReadonlyMap<unknown, string>, option: string): string {
  const name = names.get(typeof value === 'string' ? value.toLowerCase() : value)
  if (name === undefined) throw invalid(option)
  return name
}

function invalid(option: string): TypeError {
  return new TypeError(`option ${option} is invalid`)
}
