import { serializeAttributes, serializeNameValue } from './cookie-text.ts'
import { deprecate } from './deprecate.ts'

/** What a session's cookie is made with; `auto` is resolved before. */
export interface CookieInit {
  readonly domain?: string | undefined
  readonly expires?: Date | string | null | undefined
  readonly httpOnly?: boolean | undefined
  readonly maxAge?: number | Date | null | undefined
  readonly originalMaxAge?: number | null | undefined
  readonly partitioned?: boolean | undefined
  readonly path?: string | undefined
  readonly priority?: string | undefined
  readonly sameSite?: boolean | string | undefined
  readonly secure?: boolean | string | undefined
}

type Expires = Date | string | null | undefined

/** A session's cookie as express-session stores it: its attributes, and when it ends. */
export class Cookie {
  declare path: string | undefined
  declare _expires: Expires
  declare originalMaxAge: number | null | undefined
  declare httpOnly: boolean | undefined
  declare domain: string | undefined
  declare partitioned: boolean | undefined
  declare priority: string | undefined
  declare sameSite: boolean | string | undefined
  declare secure: boolean | string | undefined

  /** Options count in their order: the last of `expires` and `maxAge` stands. */
  constructor(options?: CookieInit) {
    this.path = '/'
    this.maxAge = null
    this.httpOnly = true
    if (options) {
      if (typeof options !== 'object') throw new TypeError('argument options must be a object')
      for (const name in options) {
        if (name !== 'data') this[name as 'path'] = options[name as 'path']
      }
    }
    this.originalMaxAge ??= this.maxAge as number | null | undefined
  }

  get expires(): Expires {
    return this._expires
  }

  set expires(date: Expires) {
    this._expires = date
    this.originalMaxAge = this.maxAge as number | null | undefined
  }

  /** What is left, in ms; null for a cookie that ends with the browser. */
  get maxAge(): number | Date | string | null | undefined {
    return this.expires instanceof Date ? this.expires.valueOf() - Date.now() : this.expires
  }

  set maxAge(life: number | Date | string | null | undefined) {
    if (life && typeof life !== 'number' && !(life instanceof Date)) {
      throw new TypeError('maxAge must be a number or Date')
    }
    if (life instanceof Date) deprecate('maxAge as Date; pass number of milliseconds instead')
    if (typeof life !== 'number') this.expires = life
    else {
      this.expires = new Date(Date.now() + life)
      // Not what is left of it a moment later: touched often, a session would live ever shorter.
      this.originalMaxAge = life
    }
  }

  get data(): Record<string, unknown> {
    return {
      originalMaxAge: this.originalMaxAge,
      partitioned: this.partitioned,
      priority: this.priority,
      expires: this._expires,
      secure: this.secure,
      httpOnly: this.httpOnly,
      domain: this.domain,
      path: this.path,
      sameSite: this.sameSite,
    }
  }

  /** The text of `Set-Cookie`. @throws TypeError for an attribute that no cookie can have */
  serialize(name: string, value: string): string {
    return serializeNameValue(name, value) + serializeAttributes(this)
  }

  toJSON(): Record<string, unknown> {
    return this.data
  }
}
