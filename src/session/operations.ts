import type { MaybePromise } from './record.ts'
import { type Steps, isPromise, walk } from './steps.ts'

/** What one request does to its session, in the order it was asked for: one after the other. */
export class Operations {
  #pending: Promise<unknown> | undefined

  /** The operation under way, or undefined. */
  get pending(): Promise<unknown> | undefined {
    return this.#pending
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

  #track<T>(operation: Promise<T>): Promise<T> {
    const done = (): void => {
      if (this.#pending === operation) this.#pending = undefined
    }
    this.#pending = operation
    operation.then(done, done)
    return operation
  }
}

function nothing(): void {}
