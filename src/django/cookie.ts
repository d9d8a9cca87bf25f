import { SessionError } from '../errors.ts'
import { CookieForm, type CookieWriter, type SetCookie } from '../session/cookie.ts'
import { parseData } from '../session/data.ts'
import { endsWithBrowser } from './expiry.ts'

/** The settings of Django for the session's cookie, by their names there. */
export interface DjangoCookieSettings {
  /** Default `'sessionid'`. */
  readonly SESSION_COOKIE_NAME?: string
  readonly SESSION_COOKIE_DOMAIN?: string | null
  /** Default `'/'`. */
  readonly SESSION_COOKIE_PATH?: string
  /** Default false, as in Django: set it to true wherever the site is served over https. */
  readonly SESSION_COOKIE_SECURE?: boolean
  /** Default true. */
  readonly SESSION_COOKIE_HTTPONLY?: boolean
  /** Default `'Lax'`; null or false leaves the attribute out. */
  readonly SESSION_COOKIE_SAMESITE?: 'Lax' | 'Strict' | 'None' | false | null
  readonly SESSION_EXPIRE_AT_BROWSER_CLOSE?: boolean
}

type Attributes = readonly (string | false | undefined)[]

/** Django's cookie, attribute by attribute and in Django's order (`http.cookies`). */
export class DjangoCookie implements CookieWriter {
  readonly name: string
  readonly names: readonly string[]
  readonly #form: CookieForm
  readonly #settings: DjangoCookieSettings
  readonly #cleared: readonly SetCookie[]

  /** @param readOnly whether no cookie may be cleared. @throws SessionError `invalid_option` */
  constructor(settings: DjangoCookieSettings, readOnly: boolean) {
    this.#form = formOf(settings)
    this.#settings = settings
    this.name = this.#form.name
    this.names = [this.name]
    this.#cleared = readOnly ? [] : [this.#deleted()]
  }

  set(token: string, now: number, expires: number, data: string): SetCookie {
    const {
      SESSION_COOKIE_HTTPONLY: httpOnly = true,
      SESSION_COOKIE_SECURE: secure = false,
      SESSION_EXPIRE_AT_BROWSER_CLOSE: atClose = false,
    } = this.#settings
    const ends = !endsWithBrowser(parseData(data) ?? {}, atClose)
    return this.#cookie(token, [
      ends && `expires=${new Date(expires).toUTCString()}`,
      httpOnly && 'HttpOnly',
      ends && `Max-Age=${Math.round((expires - now) / 1000)}`,
      ...this.#place(),
      secure && 'Secure',
    ])
  }

  clear(): readonly SetCookie[] {
    return this.#cleared
  }

  clearOthers(): readonly SetCookie[] {
    return []
  }

  /** Django marks it secure only where a browser would refuse it otherwise. */
  #deleted(): SetCookie {
    const secure = this.#sameSite === 'None' || /^__(?:Secure|Host)-/.test(this.name)
    return this.#cookie('""', [
      'expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'Max-Age=0',
      ...this.#place(),
      secure && 'Secure',
    ])
  }

  #cookie(value: string, attributes: Attributes): SetCookie {
    const { SESSION_COOKIE_DOMAIN: domain } = this.#settings
    const parts = [`${this.name}=${value}`, domain && `Domain=${domain}`, ...attributes]
    return { ...this.#form.set(value, 0, 0), line: parts.filter(Boolean).join('; ') }
  }

  #place(): Attributes {
    const { SESSION_COOKIE_PATH = '/' } = this.#settings
    return [`Path=${SESSION_COOKIE_PATH}`, this.#sameSite && `SameSite=${this.#sameSite}`]
  }

  get #sameSite(): 'Lax' | 'Strict' | 'None' | undefined {
    return sameSiteOf(this.#settings)
  }
}

function sameSiteOf({
  SESSION_COOKIE_SAMESITE = 'Lax',
}: DjangoCookieSettings): 'Lax' | 'Strict' | 'None' | undefined {
  return SESSION_COOKIE_SAMESITE || undefined
}

/** The same rules as for our own cookie, of which Django has none. */
function formOf(settings: DjangoCookieSettings): CookieForm {
  const { SESSION_COOKIE_NAME: name = 'sessionid', SESSION_COOKIE_DOMAIN: domain } = settings
  const { SESSION_COOKIE_PATH: path = '/', SESSION_COOKIE_SECURE: secure = false } = settings
  const sameSite = sameSiteOf(settings) ?? 'Lax'
  try {
    return new CookieForm({ name, path, secure, sameSite, ...(domain && { domain }) }, false)
  } catch (error) {
    const { message } = error as SessionError
    throw new SessionError('invalid_option', `SESSION_COOKIE_…: ${message}`)
  }
}
