import type { MaybePromise } from '../session/record.ts'
import { isPromise } from '../session/steps.ts'
import { type ConnectStore, ask, saysGone } from '../stores/connect/calls.ts'
import { ProcessMemory } from '../stores/connect/memory.ts'
import { Turns } from '../stores/turns.ts'

type Outcome = { readonly answer: unknown } | { readonly error: unknown }

/**
 * What all requests of this process share of one store: its methods without callbacks, at once where
 * it answers at once, and what they know of sessions that have ended.
 */
export class StoreAccess {
  readonly ended: ProcessMemory
  readonly now: () => number
  readonly #store: ConnectStore
  readonly #turns = new Turns()

  constructor(store: ConnectStore, now: () => number) {
    this.#store = store
    this.now = now
    this.ended = new ProcessMemory(now)
  }

  get(id: string): MaybePromise<unknown> {
    return rescued(
      () => this.#call('get', id),
      ({ code }) => (code === 'ENOENT' ? NOTHING : undefined),
    )
  }

  set(id: string, session: object): MaybePromise<unknown> {
    return this.#call('set', id, session)
  }

  destroy(id: string): MaybePromise<unknown> {
    return this.#call('destroy', id)
  }

  /** False if the session is gone, as connect-mongo and session-file-store tell by an error. */
  touch(id: string, session: object): MaybePromise<unknown> {
    if (this.#store.touch === undefined) return true
    return rescued(
      () => this.#call('touch', id, session),
      (error) => (saysGone(error) ? GONE : undefined),
    )
  }

  inTurn<T>(id: string, work: () => MaybePromise<T>): MaybePromise<T> {
    return this.#turns.run(id, work)
  }

  #call(method: keyof ConnectStore, ...values: unknown[]): MaybePromise<unknown> {
    let outcome: Outcome | undefined
    let settle = (first: Outcome): void => void (outcome ??= first)
    ask(this.#store, method, values, (error, answer) => settle(error ? { error } : { answer }))
    if (outcome !== undefined) return unwrap(outcome)
    return new Promise((resolve, reject) => {
      settle = (first) => ('error' in first ? reject(first.error) : resolve(first.answer))
    })
  }
}

const NOTHING: Outcome = { answer: undefined }
const GONE: Outcome = { answer: false }

function unwrap(outcome: Outcome): unknown {
  if ('error' in outcome) throw outcome.error
  return outcome.answer
}

/** What some errors of stores say in truth. */
function rescued(
  call: () => MaybePromise<unknown>,
  meaning: (error: NodeJS.ErrnoException) => Outcome | undefined,
): MaybePromise<unknown> {
  const rescue = (error: unknown): unknown =>
    unwrap(meaning(error as NodeJS.ErrnoException) ?? { error })
  try {
    const answer = call()
    return isPromise(answer) ? answer.catch(rescue) : answer
  } catch (error) {
    return rescue(error)
  }
}
