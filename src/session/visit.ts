import { SessionError } from '../errors.ts'
import type { RequestAuth, SessionObject } from '../register.ts'
import type { GenuineToken } from '../token/token.ts'
import { commit, failedHead, type Answer, type HeadChanges } from './commit.ts'
import { type Data, parseData } from './data.ts'
import * as lifecycle from './lifecycle.ts'
import { renewNow } from './renewal.ts'
import { Operations } from './operations.ts'
import type { MaybePromise } from './record.ts'
import { type KeepOptions, Session, type SessionControl } from './session.ts'
import type { SessionState } from './state.ts'
import type { Steps } from './steps.ts'

/** One request's dealing with its session: all that an adapter sees of the core. */
export class Visit implements SessionControl {
  readonly #state: SessionState
  readonly #operations = new Operations()
  #committed = false
  #watching: AbortController | undefined
  /** Set by adapters that can tell when the request is over. */
  response: { once(event: 'close', listener: () => void): unknown } | undefined

  constructor(state: SessionState) {
    this.#state = state
  }

  /** The session; made, and its data parsed, when it is first asked for (R12). */
  get session(): SessionObject {
    const state = this.#state
    state.used = true
    return (state.session ??= new Session(this, this.#data())) as SessionObject
  }

  /** Who the user is by the record that was found alive; undefined for everybody else (R2). */
  get auth(): RequestAuth | undefined {
    const state = this.#state
    state.used = true
    if (state.record?.userId === undefined) return undefined
    return this.#view(state.record.userId) as RequestAuth
  }

  /** Whether anything may have to be done when the response head goes out. */
  get headPending(): boolean {
    return this.#state.used || this.#state.clear
  }

  /**
   * Stores what is to be stored and says what the head must say; never throws. Asked again, for the
   * answer to its own failure, it stores nothing more.
   */
  commit(answer: Answer): MaybePromise<HeadChanges> {
    if (this.#committed) return failedHead(this.#state, answer)
    this.#committed = true
    return this.#operations.run(() => commit(this.#state, answer, this.#operations.unheard))
  }

  /** Has a new token issued with the answer, if there is a session (R33). */
  refresh(use: boolean): Promise<boolean> {
    return this.#do(() => renewNow(this.#state, use))
  }

  /** There is no head to set a cookie with: from here on what would need one says so. */
  closeHead(): void {
    this.#committed = true
    this.#state.headSent = true
  }

  get id(): string {
    return this.#state.id
  }

  get isNew(): boolean {
    return this.#state.record === undefined
  }

  get expires(): Date | undefined {
    const { record } = this.#state
    return record && new Date(record.expires)
  }

  get jwt(): Readonly<Record<string, unknown>> | undefined {
    return this.#state.record && this.#view(this.#state.record.userId)
  }

  get signal(): AbortSignal {
    return (this.#watching ??= this.#watch()).signal
  }

  #watch(): AbortController {
    const { core, id, record, recalled } = this.#state
    const controller = core.signals.open(id, record?.expires)
    if (recalled) core.signals.check(id)
    this.response?.once('close', () => core.signals.release(id, controller))
    return controller
  }

  login(user: unknown, { keep }: KeepOptions = {}): Promise<void> {
    return this.#do(() => lifecycle.login(this.#state, user, keep))
  }

  logout(): Promise<void> {
    return this.#do(() => lifecycle.logout(this.#state))
  }

  regenerate({ keep = [] }: KeepOptions = {}): Promise<void> {
    return this.#do(() => lifecycle.regenerate(this.#state, keep))
  }

  destroy(): Promise<void> {
    return this.#do(() => lifecycle.destroy(this.#state))
  }

  reload(): Promise<void> {
    return this.#do(() => lifecycle.reload(this.#state))
  }

  save(): Promise<void> {
    return this.#do(() => lifecycle.save(this.#state))
  }

  touch(): Promise<void> {
    return this.#do(() => lifecycle.touch(this.#state))
  }

  update<T>(change: (data: Data) => T | Promise<T>): Promise<T> {
    return this.#do(() => lifecycle.change(this.#state, change)) as Promise<T>
  }

  #do<T>(operation: () => Steps<T>): Promise<T> {
    if (!this.#state.applying) {
      return this.#operations.start(() => lifecycle.heeded(this.#state, operation()))
    }
    const message = 'A change in update() may change its data, and nothing else'
    return this.#operations.refuse(new SessionError('not_supported', message))
  }

  /** A record that nobody of ours wrote is no session, and is not written over (STO-16). */
  #data(): Data {
    const { core, record, id } = this.#state
    const data = record === undefined ? {} : parseData(record.data)
    if (data !== undefined) return data
    core.events.emit('record_invalid', { id })
    this.#state.reset()
    return {}
  }

  /** Of a token that says what the record says it is made once, for all the requests that bring it. */
  #view(userId: string | undefined): View {
    const { record, token } = this.#state
    if (token === undefined || token.claimsText !== record?.claims || token.userId !== userId) {
      return this.#expand(parseData(record?.claims ?? '{}') ?? {}, userId)
    }
    const view = views.get(token) ?? this.#expand(token.claims, userId)
    views.set(token, view)
    return view
  }

  #expand(claims: View, userId: string | undefined): View {
    const names = this.#state.core.settings.fields.expand(claims)
    return Object.freeze(userId === undefined ? names : { ...names, sub: userId })
  }
}

type View = Readonly<Record<string, unknown>>

const views = new WeakMap<GenuineToken, View>()
