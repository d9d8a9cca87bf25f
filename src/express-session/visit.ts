import { inspect } from 'node:util'
import type { AnyCookie, HeadVisit } from '../adapters/head-changes.ts'
import type { Next } from '../adapters/head-hooks.ts'
import type { Answer, HeadChanges } from '../session/commit.ts'
import { parseData } from '../session/data.ts'
import { identify } from '../session/identity.ts'
import * as lifecycle from '../session/lifecycle.ts'
import { Operations } from '../session/operations.ts'
import { ENDED, type MaybePromise } from '../session/record.ts'
import { type Steps, wait } from '../session/steps.ts'
import { create, ended } from '../session/write.ts'
import { SessionError } from '../errors.ts'
import { setsCookie, store } from './binding.ts'
import { type CommittedVisit, commit, failedHead } from './commit.ts'
import type { Records } from './records.ts'
import {
  type Operation,
  type Session,
  type SessionControl,
  type SessionRequest,
  VISIT,
} from './session.ts'
import type { RequestState } from './state.ts'

/** One request's dealing with its session: what the session's methods and the response's head ask. */
export class RequestVisit implements HeadVisit, CommittedVisit, SessionControl {
  readonly headPending = true
  readonly carried: boolean
  readonly state: RequestState
  readonly #records: Records
  readonly #operations = new Operations()
  readonly #next: Next
  /** Whether the app has ended its answer. */
  answered = false
  #committed = false
  #ended = false

  constructor(state: RequestState, records: Records, carried: boolean, next: Next) {
    this.state = state
    this.carried = carried
    this.#records = records
    this.#next = next
    records.live = state
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
    return this.#operations.run(() => commit(this, answer, this.#operations.unheard))
  }

  report(error: unknown): void {
    setImmediate(this.#next, error)
  }

  get ended(): boolean {
    return this.#ended || this.state.clear
  }

  run(operation: Operation, session: Session): MaybePromise<void> {
    return this.#operations.run(this.#steps(operation, session))
  }

  start(operation: Operation, session: Session): Promise<void> {
    return this.#operations.start(this.#steps(operation, session))
  }

  #steps(operation: Operation, session: Session): () => Steps<void> {
    if (operation === 'save') return () => unguarded(this.#save(session))
    if (operation === 'reload') return () => unguarded(this.#reload(session))
    if (operation === 'regenerate') return () => unguarded(this.#regenerate())
    if (this.state.req.session === session) delete this.state.req.session
    return () => unguarded(this.end())
  }

  /** Binds the session to a user, whatever its data say, under a new id. */
  login(user: unknown, keep: readonly string[]): Promise<void> {
    return this.#operations.start(() => this.#login(user, keep))
  }

  logout(): Promise<void> {
    return this.#operations.start(() => this.#logout())
  }

  /** A new session without a word to the store: `store.generate()`. */
  generate(): void {
    const { state } = this
    state.live = undefined
    state.reset()
    state.generate()
  }

  /** The app may have put another session in the place of this request's, as sockets' recipes do. */
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
    state.unbound = this.#records.stored?.unbound ?? false
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
    if (setsCookie(this.state)) this.state.refuseAfterHead('A new session, or one of another user,')
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
    this.state.startOver()
  }
}

export function visitOf(req: SessionRequest): RequestVisit | undefined {
  return req[VISIT] as RequestVisit | undefined
}

/** A response prints what hangs on it: nothing of the app's secrets and data (R44). */
Object.defineProperty(RequestVisit.prototype, inspect.custom, { value: () => 'RequestVisit {}' })

function* unguarded(steps: Steps<void>): Steps<void> {
  try {
    yield* steps
  } catch (error) {
    throw causeOf(error)
  }
}

/** Apps get the store's own error, as they did. */
export function causeOf(error: unknown): unknown {
  const wrapped = error instanceof SessionError && error.code === 'store_unavailable'
  return wrapped ? (error.cause ?? error) : error
}
