import type { HeadVisit } from '../adapters/response-head.ts'
import type { AnyCookie } from '../adapters/head-changes.ts'
import type { Answer, HeadChanges } from '../session/commit.ts'
import { parseData } from '../session/data.ts'
import { identify } from '../session/identity.ts'
import * as lifecycle from '../session/lifecycle.ts'
import { Operations } from '../session/operations.ts'
import { ENDED, type MaybePromise } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import { create, ended } from '../session/write.ts'
import { SessionError } from '../errors.ts'
import { store } from './binding.ts'
import { commit, failedHead } from './commit.ts'
import type { Records } from './records.ts'
import type { Session, SessionControl } from './session.ts'
import type { RequestState } from './state.ts'

/** One request's dealing with its session: what the session's methods and the response's head ask. */
export class RequestVisit implements HeadVisit, SessionControl {
  readonly headPending = true
  /** Whether the request brought a cookie of our name, believed or not. */
  readonly carried: boolean
  readonly state: RequestState
  readonly #records: Records
  readonly #operations = new Operations()
  readonly #report: (error: unknown) => void
  #committed = false
  #ended = false

  /** @param report tells the app of an error that must not change the answer */
  constructor(
    state: RequestState,
    records: Records,
    carried: boolean,
    report: (error: unknown) => void,
  ) {
    this.state = state
    this.carried = carried
    this.#records = records
    this.#report = report
    if (state.record !== undefined && records.stored !== undefined) state.inflate(records.stored)
    else state.generate()
  }

  get session(): unknown {
    return this.state.req.session
  }

  /** Who the user is, by the record that was found alive, as long as the session's data agree (R2). */
  get auth(): Readonly<Record<string, unknown>> | undefined {
    const { record, mark, core, who } = this.state
    if (record?.userId === undefined || mark !== who.mark) return undefined
    const claims = core.settings.fields.expand(parseData(record.claims) ?? {})
    return Object.freeze({ sub: record.userId, ...claims })
  }

  commit(answer: Answer): MaybePromise<HeadChanges<AnyCookie>> {
    if (this.#committed) return failedHead(this, answer)
    this.#committed = true
    const steps = (): Steps<HeadChanges<AnyCookie>> => commit(this, answer, this.#report)
    const { pending } = this.#operations
    return pending === undefined ? walk(steps()) : this.#commitAfter(pending, steps)
  }

  /** An operation that nobody waited for fails the answer that it belongs to. */
  async #commitAfter<T>(pending: Promise<unknown>, steps: () => Steps<T>): Promise<T> {
    await pending.catch((error: Error) => (this.state.failure = error))
    return walk(steps())
  }

  /** Whether a session ended in this request and none took its place in the browser. */
  get ended(): boolean {
    return this.#ended || this.state.clear
  }

  save(session: Session): MaybePromise<void> {
    return this.#operations.run(() => this.#save(session))
  }

  reload(session: Session): MaybePromise<void> {
    return this.#operations.run(() => this.#reload(session))
  }

  destroy(session: Session): MaybePromise<void> {
    if (this.state.req.session === session) delete this.state.req.session
    return this.#operations.run(() => this.end())
  }

  regenerate(): MaybePromise<void> {
    return this.#operations.run(() => this.#regenerate())
  }

  /** Binds the session to a user, whatever its data say, under a new id. */
  login(user: unknown, keep: readonly string[]): MaybePromise<void> {
    return this.#operations.run(() => this.#login(user, keep))
  }

  logout(): MaybePromise<void> {
    return this.#operations.run(() => this.#logout())
  }

  /** A new session without a word to the store: `store.generate()`. */
  generate(): void {
    const { state } = this
    state.live = undefined
    state.reset()
    state.generate()
  }

  /** The app may have put another session in the place of this request's. */
  *follow(): Steps<void> {
    const { state } = this
    const session = state.req.session
    if (session == null || session === state.live) return
    state.live = session
    if (session.id === state.id) return
    const record = yield* wait(state.core.store.read(session.id))
    state.adopt(session.id, record === ENDED ? undefined : record)
    state.barred = record === ENDED
    state.mark = this.#records.stored?.mark
    state.renamed = true
  }

  *end(): Steps<void> {
    this.#ended = true
    this.state.live = undefined
    yield* lifecycle.destroy(this.state)
  }

  *#save(session: Session): Steps<void> {
    yield* this.follow()
    if (session.id !== this.state.id) throw ended()
    yield* store(this.state)
    this.state.saved = true
  }

  *#reload(session: Session): Steps<void> {
    const { state } = this
    const record = yield* wait(state.core.store.read(session.id))
    const { stored } = this.#records
    if (record === undefined || record === ENDED || stored === undefined) {
      throw new SessionError('session_ended', 'failed to load session')
    }
    state.adopt(session.id, record)
    state.inflate(stored)
  }

  *#regenerate(): Steps<void> {
    const { state } = this
    state.refuseAfterHead('regenerate()')
    const { live } = state
    try {
      yield* this.end()
    } catch (error) {
      state.live = live
      throw error
    }
    state.generate()
    state.barred = false
    this.#ended = false
  }

  *#login(user: unknown, keep: readonly string[]): Steps<void> {
    const { state } = this
    state.refuseAfterHead('login()')
    const identity = yield* identify(state.core, user)
    if (identity.userId === undefined)
      throw new SessionError('invalid_user', 'login() needs the user')
    const named = (name: string): boolean => keep.includes(name)
    const kept = yield* lifecycle.endForSuccessor(
      state,
      named,
      (owner) => owner === identity.userId,
    )
    this.generate()
    state.replaceData(kept ?? {})
    state.mark = state.who.mark
    yield* create(state, identity, state.text())
    state.saved = true
    state.core.events.emit('rotated', { id: state.id })
  }

  *#logout(): Steps<void> {
    this.#ended = true
    this.state.live = undefined
    yield* lifecycle.logout(this.state)
    this.state.generate()
  }
}
