import type { RequestAuth, SessionObject } from '../register.ts'
import { commit, failedHead, type Answer, type HeadChanges } from './commit.ts'
import { type Data, parseData } from './data.ts'
import * as lifecycle from './lifecycle.ts'
import { Operations } from './operations.ts'
import type { MaybePromise } from './record.ts'
import { type KeepOptions, Session, type SessionControl } from './session.ts'
import type { SessionState } from './state.ts'
import { type Steps, isPromise, walk } from './steps.ts'

/** One request's dealing with its session: all that an adapter sees of the core. */
export class Visit implements SessionControl {
  readonly #state: SessionState
  readonly #operations = new Operations()
  #committed = false

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
    const { pending } = this.#operations
    if (pending === undefined) return walk(commit(this.#state, answer))
    return this.#commitAfter(pending, answer)
  }

  /** An operation that the app did not wait for fails the answer that it belongs to. */
  async #commitAfter(pending: Promise<unknown>, answer: Answer): Promise<HeadChanges> {
    await pending.catch((error: Error) => (this.#state.failure = error))
    return walk(commit(this.#state, answer))
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
    const { core, id, record } = this.#state
    return core.signals.open(id, record?.expires ?? Infinity).signal
  }

  login(user: unknown, { keep = [] }: KeepOptions = {}): Promise<void> {
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

  /** The very promise that a commit waits for, so that one nobody waited for is not unhandled. */
  #do<T>(operation: () => Steps<T>): Promise<T> {
    try {
      const result = this.#operations.run(operation)
      return isPromise(result) ? result : Promise.resolve(result)
    } catch (error) {
      return Promise.reject(error)
    }
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

  #view(userId: string | undefined): Readonly<Record<string, unknown>> {
    const { core, record, token } = this.#state
    const known = token !== undefined && token.claimsText === record?.claims
    const claims = known ? token.claims : (parseData(record?.claims ?? '{}') ?? {})
    const names = core.settings.fields.expand(claims)
    return Object.freeze(userId === undefined ? names : { sub: userId, ...names })
  }
}
