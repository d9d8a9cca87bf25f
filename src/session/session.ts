import { SessionError } from '../errors.ts'
import type { Data } from './data.ts'

/** What a successor session carries over. */
export interface KeepOptions {
  /** Names of the session's properties to carry over; default none (R16). */
  readonly keep?: readonly string[]
}

/** What a session object can ask of the request that it belongs to. */
export interface SessionControl {
  readonly id: string
  readonly isNew: boolean
  readonly expires: Date | undefined
  readonly jwt: Readonly<Record<string, unknown>> | undefined
  readonly signal: AbortSignal
  login(user: unknown, options?: KeepOptions): Promise<void>
  logout(): Promise<void>
  regenerate(options?: KeepOptions): Promise<void>
  destroy(): Promise<void>
  reload(): Promise<void>
  save(): Promise<void>
  touch(): Promise<void>
  update<T>(change: (data: Data) => T | Promise<T>): Promise<T>
}

/** Node's callback form, for Passport and middleware of its time. */
export type Callback = (error?: unknown) => void

/**
 * One session in one request. The app's data are its own enumerable properties; what it can do
 * stands read-only on the prototype, so that stored data can neither hide nor replace it.
 *
 * @example
 * req.session.cart = ['apple']
 * await req.session.login(user, { keep: ['cart'] })
 */
export class Session<User = unknown> {
  readonly #control: SessionControl
  /** Stored properties whose names are taken: never shown, never lost. */
  #setAside: Data = NOTHING_ASIDE
  /** The order in which all properties were stored, where some are set aside. */
  #order: readonly string[] = []

  constructor(control: SessionControl, data: Data) {
    this.#control = control
    this.#fill(data)
  }

  /** The session key, claim `sk` on the wire. A secret: whoever has it and a signing key is the user. */
  get id(): string {
    return this.#control.id
  }

  /** Whether nothing of this session is stored yet. */
  get isNew(): boolean {
    return this.#control.isNew
  }

  /** When the session ends unless it is used before; undefined while it is new. */
  get expires(): Date | undefined {
    return this.#control.expires
  }

  /**
   * The user's fields under their short and long names, as in Django's `session['jwt']`: a view of
   * the record, never of stored data (R3).
   */
  get jwt(): Readonly<Record<string, unknown>> | undefined {
    return this.#control.jwt
  }

  /** Aborts when this session ends: for event streams, sockets and long work. */
  get signal(): AbortSignal {
    return this.#control.signal
  }

  /**
   * Binds the session to a user under a new id, stored when the promise resolves. The old id is dead
   * then, whoever knew it (R16).
   *
   * @throws SessionError `invalid_user`, `invalid_claims`, `cookie_too_large` before anything is
   * stored; `headers_sent`; `store_unavailable`
   */
  login(user: User, options?: KeepOptions): Promise<void> {
    return this.#control.login(user, options)
  }

  /** Ends every session that this request's cookies name and clears the cookie, stored on return. */
  logout(): Promise<void> {
    return this.#control.logout()
  }

  /** Ends this session; what is set afterwards begins an anonymous one under a new id. */
  regenerate(callback: Callback): void
  regenerate(options?: KeepOptions, callback?: undefined): Promise<void>
  regenerate(first?: KeepOptions | Callback): Promise<void> | void {
    if (typeof first === 'function') return settle(this.#control.regenerate(), first)
    return this.#control.regenerate(first)
  }

  /** Ends this session and clears the cookie. */
  destroy(): Promise<void>
  destroy(callback: Callback): void
  destroy(callback?: Callback): Promise<void> | void {
    return settle(this.#control.destroy(), callback)
  }

  /** Reads the session again; changes not saved are dropped. @throws SessionError `session_ended` */
  reload(): Promise<void>
  reload(callback: Callback): void
  reload(callback?: Callback): Promise<void> | void {
    return settle(this.#control.reload(), callback)
  }

  /** Stores the session now rather than before the answer; holds whatever the answer's status. */
  save(): Promise<void>
  save(callback: Callback): void
  save(callback?: Callback): Promise<void> | void {
    return settle(this.#control.save(), callback)
  }

  /** Counts as use: the idle time begins anew. @throws SessionError `session_ended` */
  touch(): Promise<void> {
    return this.#control.touch()
  }

  /**
   * Changes the data so that no concurrent change is lost: `change` runs on what is stored now, and
   * again if another request was faster. It must have no other effect than on `data`.
   *
   * @example
   * const visits = await req.session.update((data) => (data.visits = (data.visits ?? 0) + 1))
   */
  // oxlint-disable-next-line typescript/no-explicit-any
  update<T>(change: (data: Record<string, any>) => T | Promise<T>): Promise<T> {
    return this.#control.update(change)
  }

  /** @internal The data as they are to be stored. */
  static data(session: Session): Data {
    if (session.#setAside === NOTHING_ASIDE) return session as unknown as Data
    const all: Data = Object.assign(Object.create(null), session, session.#setAside)
    const stored = session.#order.filter((name) => Object.hasOwn(all, name))
    const names = new Set([...stored, ...Object.keys(all)])
    return Object.assign(
      Object.create(null),
      ...Array.from(names, (name) => member(name, all[name])),
    )
  }

  /** @internal Replaces all data. */
  static replace(session: Session, data: Data): void {
    for (const name of Object.keys(session)) delete (session as unknown as Data)[name]
    session.#fill(data)
  }

  #fill(data: Data): void {
    this.#setAside = NOTHING_ASIDE
    this.#order = Object.keys(data)
    for (const name of this.#order) {
      if (RESERVED.has(name)) this.#setAside = { ...this.#setAside, ...member(name, data[name]) }
      // Assigning is faster, but might be refused where a prototype has the name.
      else if (name in this) Object.defineProperty(this, name, property(data[name]))
      else (this as unknown as Data)[name] = data[name]
    }
  }
}

const NOTHING_ASIDE: Data = Object.freeze({})

/** `__proto__` too is a name like any other here. */
function member(name: string, value: unknown): Data {
  return Object.defineProperty({}, name, property(value))
}

function property(value: unknown): PropertyDescriptor {
  return { configurable: true, enumerable: true, writable: true, value }
}

const RESERVED = new Set([...Object.getOwnPropertyNames(Session.prototype), '__proto__'])
RESERVED.delete('constructor')

/** Setting a reserved name is an error even in sloppy mode, where it would vanish without a word. */
for (const name of RESERVED) {
  const own = Object.getOwnPropertyDescriptor(Session.prototype, name)
  const get = own && 'get' in own ? own : { get: constant(own?.value) }
  Object.defineProperty(Session.prototype, name, {
    ...get,
    set(): void {
      throw new SessionError(
        'invalid_data',
        `session.${name} is the session's own; use another name`,
      )
    },
  })
}

function constant(value: unknown): () => unknown {
  return () => value
}

function settle(promise: Promise<void>, callback: Callback | undefined): Promise<void> | void {
  if (callback === undefined) return promise
  promise.then(() => callback(), callback)
}
