import type { Data } from '../session/data.ts'
import { type Core, type Found, SessionState } from '../session/state.ts'
import { Cookie } from './cookie.ts'
import type { Config } from './options.ts'
import { type LiveSession, NO_END, type Stored } from './records.ts'
import { Session, type SessionRequest, nameSession } from './session.ts'
import { createSession } from './store.ts'
import { NOBODY, type Who, whoIs } from './who.ts'
import { isSecure } from './request.ts'

const NOTHING_HIDDEN: Data = Object.freeze({})

/** The core's knowledge of one request's session, whose data are `req.session`. */
export class RequestState extends SessionState implements LiveSession {
  readonly req: SessionRequest
  readonly config: Config
  /** The session that is this request's; what stands at `req.session` may be another by now. */
  live: (Session & Data) | undefined
  /** The data's text as this request found them. */
  original = ''
  /** Whether the session has another id than at first. */
  renamed = false
  /** Whether this request stored the session before its answer. */
  saved = false
  /** Whether the answer is to set a cookie. */
  issuing = false
  /** The mark of the user that the session is bound to, or is to be. */
  mark: string | undefined
  /** Whether it named that user already when it was read, but was never bound. */
  unbound = false
  /** Stored data that a session cannot show, since their names are taken. */
  #hidden: Data = NOTHING_HIDDEN
  #begun = false
  #who = NOBODY

  constructor(core: Core, found: Found, req: SessionRequest, config: Config) {
    super(core, found)
    this.req = req
    this.config = config
  }

  get cookie(): Cookie {
    return (this.live as Session).cookie
  }

  /** Whose the session is, by its data. */
  get who(): Who {
    return (this.#who = whoIs(this.live && this.config.userId(this.live), this.#who))
  }

  override newId(): string {
    return this.config.genid(this.req)
  }

  override get inHand(): boolean {
    return this.live !== undefined
  }

  override data(): Data {
    const live = this.live as Data | undefined
    const { cookie: _, ...data } = { ...live, ...this.#hidden }
    return data
  }

  /** What JSON leaves out is left out, as with express-session. */
  override text(): string {
    return JSON.stringify(this.data())
  }

  /** Only what differs is touched, so that the app's references into the session hold. */
  override replaceData(data: Data): void {
    const live = this.live as Data | undefined
    if (live === undefined) return
    for (const name of Object.keys(live)) {
      if (name !== 'cookie' && !Object.hasOwn(data, name)) delete live[name]
    }
    for (const name of Object.keys(data)) {
      const known = JSON.stringify(live[name]) === JSON.stringify(data[name])
      if (!known && !Object.hasOwn(this.#hidden, name)) live[name] = data[name]
    }
  }

  /** Until its cookie ends; one that ends with the browser leaves it to the store. */
  override expiry(created: number): number {
    const { expires } = this.cookie
    const end = expires instanceof Date ? expires.valueOf() : NO_END
    return Math.min(end, created + this.core.settings.absolute)
  }

  /** `req.session` is a new one, under a new id. @throws what the app's `genid` or `cookie` throws */
  generate(): void {
    const { req } = this
    this.renamed = this.#begun
    this.#begun = true
    this.record = undefined
    this.mark = undefined
    this.unbound = false
    this.saved = false
    this.#hidden = NOTHING_HIDDEN
    req.sessionID = this.id
    this.live = newSession(req, this.config)
    if (!this.renamed) this.original = this.text()
  }

  /** `req.session` is what was read. @throws TypeError if that has no `cookie` */
  inflate({ session, data, who, mark, unbound }: Stored): void {
    const { req } = this
    req.sessionID = this.id
    const first = !this.#begun
    this.#begun = true
    this.live = createSession(req, { cookie: session['cookie'], ...data })
    this.mark = mark
    this.unbound = unbound
    this.#who = who
    this.#hide(data)
    if (first) this.original = this.record?.data ?? this.text()
  }

  /** Their order is another then. */
  #hide(data: Data): void {
    const taken = Object.keys(data).filter((name) => !Object.hasOwn(this.live as object, name))
    this.#hidden = NOTHING_HIDDEN
    if (taken.length === 0) return
    this.#hidden = Object.fromEntries(taken.map((name) => [name, data[name]]))
    if (this.record !== undefined) this.record = { ...this.record, data: this.text() }
  }

  /** The session is as if the request had begun with it: stored if the app puts something in. */
  startOver(): void {
    this.renamed = false
    this.original = this.text()
  }

  /** The session has the id that the core gave it. */
  rename(): void {
    this.renamed = true
    this.req.sessionID = this.id
    if (this.live !== undefined) nameSession(this.live, this.id)
  }
}

/** As express-session's `store.generate` does it; `'auto'` is resolved for functions too. */
export function newSession(req: SessionRequest, config: Config): Session & Data {
  const session = new Session(req) as Session & Data
  req.session = session
  session.cookie = newCookie(req, config)
  return session
}

export function newCookie(req: SessionRequest, { cookieOf, proxy }: Config): Cookie {
  const options = cookieOf(req)
  const cookie = new Cookie(options)
  const secure = isSecure(req, proxy)
  if (options.secure === 'auto') cookie.secure = secure
  if (options.sameSite === 'auto') cookie.sameSite = secure ? 'none' : 'lax'
  return cookie
}
