import type { MaybePromise } from './record.ts'
import { type Steps, isPromise, walk } from './steps.ts'

/** What one request does to its session, its commit included: one after the other, as asked for. */
export class Operations {
  #pending: Promise<unknown> | undefined
  readonly #failed: Outcome<unknown>[] = []

  /** The operation under way, or undefined. */
  get pending(): Promise<unknown> | undefined {
    return this.#pending
  }

  /** The error of a failed operation whose outcome nobody asked for: its answer must fail instead. */
  get unheard(): unknown {
    return this.#failed.find(({ heard }) => !heard)?.error
  }

  /** Carries it out after those before it; at once, if there are none and the store answers so. */
  run<T>(operation: () => Steps<T>): MaybePromise<T> {
    const before = this.#pending
    if (before !== undefined) {
      return this.#track(before.then(nothing, nothing).then(() => walk(operation())))
    }
    const result = walk(operation())
    return isPromise(result) ? this.#track(result) : result
  }

  /** The same for the app, which may forget to wait: that neither hides a failure nor ends the process. */
  start<T>(operation: () => Steps<T>): Promise<T> {
    try {
      const result = this.run(operation)
      return isPromise(result) ? this.#outcome(result) : Promise.resolve(result)
    } catch (error) {
      return this.refuse(error)
    }
  }

  /** Refuses at once, ahead of those under way. */
  refuse(error: unknown): Promise<never> {
    const outcome = Outcome.of(rejection(error))
    outcome.listen(nothing)
    this.#fail(outcome, error)
    return outcome
  }

  #outcome<T>(promise: Promise<T>): Promise<T> {
    const outcome = Outcome.of(promise)
    outcome.listen((error) => this.#fail(outcome, error))
    return outcome
  }

  #fail(outcome: Outcome<unknown>, error: unknown): void {
    outcome.error = error
    this.#failed.push(outcome)
  }

  #track<T>(operation: Promise<T>): Promise<T> {
    const done = (): void => {
      if (this.#pending === operation) this.#pending = undefined
    }
    this.#pending = operation
    operation.then(done, done)
    return operation
  }
}

/** A promise that knows whether anybody asked what became of it. */
class Outcome<T> extends Promise<T> {
  heard = false
  error: unknown

  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** `await` asks here too, since this is no plain promise. */
  // oxlint-disable-next-line unicorn/no-thenable -- listening is the point
  override then<A = T, B = never>(
    resolved?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.heard = true
    return super.then(resolved, rejected)
  }

  static of<T>(promise: Promise<T>): Outcome<T> {
    return new Outcome((resolve, reject) => void promise.then(resolve, reject))
  }

  /** Asks without being counted; Node does not call its failure unhandled from then on. */
  listen(failed: (error: unknown) => void): void {
    super.then(undefined, failed)
  }
}

async function rejection(error: unknown): Promise<never> {
  throw error
}

function nothing(): void {}
