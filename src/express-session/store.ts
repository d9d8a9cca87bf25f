import { EventEmitter } from 'node:events'
import type { Data } from '../session/data.ts'
import { Cookie, type CookieInit } from './cookie.ts'
import { type Callback, Session, type SessionRequest, type SessionStore } from './session.ts'

/** What express-session's stores inherit; they bring `get`, `set`, `destroy` and mostly `touch`. */
export interface Store extends EventEmitter, SessionStore {
  /** Gives a request a new session; set by the middleware. */
  generate(req: SessionRequest): void
  load(id: string, callback: (error?: unknown, session?: Session & Data) => void): void
}

interface StoreConstructor {
  new (options?: unknown): Store
  (this: object, options?: unknown): void
  readonly prototype: Store
}

/** A function and no class: stores call it as `Store.call(this, options)`. */
export const Store: StoreConstructor = function (this: object): void {
  Reflect.apply(EventEmitter as unknown as () => void, this, [])
} as unknown as StoreConstructor

Object.setPrototypeOf(Store.prototype, EventEmitter.prototype)

Object.assign(Store.prototype, {
  regenerate(this: Store, req: SessionRequest, callback: Callback): void {
    this.destroy(req.sessionID as string, (error) => {
      this.generate(req)
      callback(error)
    })
  },

  load(
    this: Store,
    id: string,
    callback: (error?: unknown, session?: Session & Data) => void,
  ): void {
    this.get(id, (error, data) => {
      if (error) return callback(error)
      if (!data) return callback()
      const req = { sessionID: id, sessionStore: this } as Partial<SessionRequest>
      callback(null, this.createSession(req as SessionRequest, data as Data))
    })
  },

  createSession,
})

/** Makes `req.session` of stored data. @throws TypeError if they have no `cookie` */
export function createSession(req: SessionRequest, data: Data): Session & Data {
  const stored = data['cookie'] as CookieInit
  const expires = stored.expires
  const originalMaxAge = stored.originalMaxAge
  const cookie = new Cookie(stored)
  if (typeof expires === 'string') cookie.expires = new Date(expires)
  cookie.originalMaxAge = originalMaxAge
  data['cookie'] = cookie
  const session = new Session(req, data) as Session & Data
  req.session = session
  return session
}
