import type { MaybePromise } from '../session/record.ts'
import { type ConnectStore, ask, saysGone } from '../stores/connect/calls.ts'
import { ProcessMemory } from '../stores/connect/memory.ts'
import { Turns } from '../stores/turns.ts'

type Outcome = { readonly answer: unknown } | { readonly error: unknown }

/** What an error of the store says in truth. */
type Meaning = (error: unknown) => Outcome

/**
 * What all requests of this process share of one store: its methods without callbacks, at once where
 * it answers at once, and what they know of sessions that have ended.
 */
export class StoreAccess {
  readonly ended: ProcessMemory
  readonly now: () => number
  readonly #store: ConnectStore
  readonly #turns = new Turns()
  /** Whether `touch` may write the data that it is given; undefined until one was seen. */
  #touchWrites: boolean | undefined
  readonly #watch: ProxyHandler<object> = {
    ownKeys: (session) => {
      this.#touchWrites = true
      return Reflect.ownKeys(session)
    },
  }

  constructor(store: ConnectStore, now: () => number) {
    this.#store = store
    this.now = now
    this.ended = new ProcessMemory(now)
  }

  get(id: string): MaybePromise<unknown> {
    return this.#call('get', missing, id)
  }

  set(id: string, session: object): MaybePromise<unknown> {
    return this.#call('set', literal, id, session)
  }

  destroy(id: string): MaybePromise<unknown> {
    return this.#call('destroy', literal, id)
  }

  /** Whether a touch leaves the stored data alone, so that those that it is given may be old. */
  get touchesOnly(): boolean {
    return this.#touchWrites === false
  }

  /**
   * False if the session is gone, as connect-mongo and session-file-store tell by an error.
   *
   * Whoever writes the data has to list their names, which no store can know: one that is not seen to
   * do so moves the session's end and no more.
   */
  touch(id: string, session: object): MaybePromise<unknown> {
    if (this.#store.touch === undefined) return true
    if (this.#touchWrites === true) return this.#call('touch', gone, id, session)
    const watched = new Proxy(session, this.#watch)
    if (this.#touchWrites === undefined) return this.#firstTouch(id, watched)
    return this.#call('touch', gone, id, watched)
  }

  inTurn<T>(id: string, work: () => MaybePromise<T>): MaybePromise<T> {
    return this.#turns.run(id, work)
  }

  /** One that fails may have been of a store that cannot be watched: none is from then on. */
  async #firstTouch(id: string, session: object): Promise<unknown> {
    try {
      const touched = await this.#call('touch', gone, id, session)
      // Kept as it is, in the memory of a store, the session has not been listed yet.
      Object.keys((await this.get(id)) ?? {})
      this.#touchWrites ??= false
      return touched
    } catch (error) {
      this.#touchWrites = true
      throw error
    }
  }

  #call(method: keyof ConnectStore, meaning: Meaning, ...values: unknown[]): MaybePromise<unknown> {
    let outcome: Outcome | undefined
    let settle = (first: Outcome): void => void (outcome ??= first)
    ask(this.#store, method, values, (error, answer) => {
      settle(error ? meaning(error) : { answer })
    })
    if (outcome !== undefined) return unwrap(outcome)
    return new Promise((resolve, reject) => {
      settle = (first) => ('error' in first ? reject(first.error) : resolve(first.answer))
    })
  }
}

function literal(error: unknown): Outcome {
  return { error }
}

function missing(error: unknown): Outcome {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? { answer: undefined } : { error }
}

function gone(error: unknown): Outcome {
  return saysGone(error) ? { answer: false } : { error }
}

function unwrap(outcome: Outcome): unknown {
  if ('error' in outcome) throw outcome.error
  return outcome.answer
}
