import type { IncomingMessage } from 'node:http'
import type { Data } from '../session/data.ts'
import type { MaybePromise } from '../session/record.ts'
import { isPromise } from '../session/steps.ts'
import type { Cookie } from './cookie.ts'
import type { Store } from './store.ts'

/** A request as this middleware finds and leaves it; the rest is what other middleware may add. */
export interface SessionRequest extends IncomingMessage {
  session?: (Session & Data) | null | undefined
  sessionID?: string | undefined
  sessionStore?: Store
  readonly originalUrl?: string
  /** Express, by its setting `trust proxy`. */
  readonly secure?: boolean
  /** cookie-parser. */
  readonly secret?: string
  readonly cookies?: Readonly<Record<string, unknown>>
  readonly signedCookies?: Readonly<Record<string, unknown>>
}

/** What a session's methods ask of the request that it belongs to. */
export interface SessionControl {
  save(session: Session): MaybePromise<void>
  reload(session: Session): MaybePromise<void>
  destroy(session: Session): MaybePromise<void>
  regenerate(session: Session): MaybePromise<void>
}

export type Callback = (error?: unknown) => void

/** Requests that passed the middleware; the sessions of others speak to their store themselves. */
export const controls: WeakMap<object, SessionControl> = new WeakMap()

/** A session with express-session's members: the app's data and `cookie` are all one can enumerate. */
export class Session {
  declare readonly req: SessionRequest
  declare readonly id: string
  declare cookie: Cookie

  constructor(req: SessionRequest, data?: unknown) {
    Object.defineProperty(this, 'req', { value: req })
    nameSession(this, req.sessionID)
    if (typeof data !== 'object' || data === null) return
    for (const name in data) {
      if (!(name in this)) Object.assign(this, { [name]: (data as Data)[name] })
    }
  }

  /** Counts as use: the cookie's life begins anew. */
  touch(): this {
    return this.resetMaxAge()
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  }

  /** Stores the session now rather than before the answer. */
  save(): Promise<void>
  save(callback: Callback | undefined): this
  save(callback?: Callback): this | Promise<void> {
    return this.#carryOut('save', callback)
  }

  /** Reads the session again into a new `req.session`; changes not saved are dropped. */
  reload(): Promise<void>
  reload(callback: Callback): this
  reload(callback?: Callback): this | Promise<void> {
    return this.#carryOut('reload', callback)
  }

  /** Ends the session: `req.session` is gone at once, the stored one when this is done. */
  destroy(): Promise<void>
  destroy(callback: Callback | undefined): this
  destroy(callback?: Callback): this | Promise<void> {
    return this.#carryOut('destroy', callback)
  }

  /** Ends the session; `req.session` is a new one under a new id when this is done. */
  regenerate(): Promise<void>
  regenerate(callback: Callback): this
  regenerate(callback?: Callback): this | Promise<void> {
    return this.#carryOut('regenerate', callback)
  }

  #carryOut(name: keyof SessionControl, callback: Callback | undefined): this | Promise<void> {
    const control = controls.get(this.req) ?? ownControl
    if (typeof callback !== 'function') {
      const done = attempt(() => control[name](this))
      // express-session swallows what fails where nobody asks; whoever awaits hears of it.
      done.catch(() => {})
      return done
    }
    callBack(() => control[name](this), callback)
    return this
  }
}

/** A session's id changes only with the user that it is bound to. */
export function nameSession(session: Session, id: string | undefined): void {
  Object.defineProperty(session, 'id', { configurable: true, value: id })
}

async function attempt(operation: () => MaybePromise<void>): Promise<void> {
  await operation()
}

/** A callback runs as soon as the store has answered, and what it throws is the app's own. */
function callBack(operation: () => MaybePromise<void>, callback: Callback): void {
  let done
  try {
    done = operation()
  } catch (error) {
    return callback(error)
  }
  if (!isPromise(done)) return callback()
  done.then(
    () => process.nextTick(callback),
    (error: unknown) => process.nextTick(callback, error),
  )
}

/** For sessions of `store.load()` and of makeshift requests: straight to the store. */
const ownControl: SessionControl = {
  save: (session) => toStore((done) => storeOf(session).set(session.id, session, done)),
  reload: (session) =>
    toStore((done) =>
      storeOf(session).get(session.id, (error, found) => {
        if (error) return done(error)
        if (!found) return done(new Error('failed to load session'))
        storeOf(session).createSession(session.req, found as Data)
        done()
      }),
    ),
  destroy(session) {
    delete session.req.session
    return toStore((done) => storeOf(session).destroy(session.id, done))
  },
  regenerate: (session) => toStore((done) => storeOf(session).regenerate(session.req, done)),
}

function storeOf({ req }: Session): Store {
  return req.sessionStore as Store
}

function toStore(call: (done: Callback) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()))
  })
}
