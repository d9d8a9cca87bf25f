import type { IncomingMessage } from 'node:http'
import type { Data } from '../session/data.ts'
import type { MaybePromise } from '../session/record.ts'
import { isPromise } from '../session/steps.ts'
import type { ConnectStore } from '../stores/connect/calls.ts'
import type { Cookie } from './cookie.ts'

/** Where a request holds its visit: a `WeakMap` of all requests would cost each a garbage collection. */
export const VISIT: unique symbol = Symbol('symbolon')

/** A request as this middleware finds and leaves it; the rest is what other middleware may add. */
export interface SessionRequest extends IncomingMessage {
  session?: (Session & Data) | null | undefined
  sessionID?: string | undefined
  sessionStore?: SessionStore
  /** Set once it has passed the middleware; the sessions of others speak to their store themselves. */
  [VISIT]?: SessionControl
  readonly originalUrl?: string
  /** Express, by its setting `trust proxy`. */
  readonly secure?: boolean
  /** cookie-parser. */
  readonly secret?: string
  readonly cookies?: Readonly<Record<string, unknown>>
  readonly signedCookies?: Readonly<Record<string, unknown>>
}

/** What a session of no request asks of its store. */
export interface SessionStore extends ConnectStore {
  createSession(req: SessionRequest, data: Data): Session & Data
  regenerate(req: SessionRequest, callback: Callback): void
}

export type Operation = 'save' | 'reload' | 'destroy' | 'regenerate'

/** What a session's methods ask of the request that it belongs to. */
export interface SessionControl {
  /** For callbacks: done at once where the store answers so. */
  run(operation: Operation, session: Session): MaybePromise<void>
  /** For promises, which the app may forget to await. */
  start(operation: Operation, session: Session): Promise<void>
}

export type Callback = (error?: unknown) => void

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
      if (!(name in this)) (this as unknown as Data)[name] = (data as Data)[name]
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

  #carryOut(operation: Operation, callback: Callback | undefined): this | Promise<void> {
    const control = this.req[VISIT] ?? ownControl
    if (typeof callback !== 'function') return control.start(operation, this)
    callBack(() => control.run(operation, this), callback)
    return this
  }
}

/** A session's id changes only with the user that it is bound to. */
export function nameSession(session: Session, id: string | undefined): void {
  Object.defineProperty(session, 'id', { configurable: true, value: id })
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
  run: toStore,
  start: toStore,
}

function toStore(operation: Operation, session: Session): Promise<void> {
  const { req, id } = session
  const store = req.sessionStore as SessionStore
  if (operation === 'destroy') delete req.session
  return new Promise((resolve, reject) => {
    const done = (error?: unknown): void => (error ? reject(error) : resolve())
    if (operation === 'save') store.set(id, session, done)
    else if (operation === 'destroy') store.destroy(id, done)
    else if (operation === 'regenerate') store.regenerate(req, done)
    else {
      store.get(id, (error, found) => {
        if (error || !found) return done(error ?? new Error('failed to load session'))
        store.createSession(req, found as Data)
        done()
      })
    }
  })
}
