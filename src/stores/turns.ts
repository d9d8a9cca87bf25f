import type { MaybePromise } from '../session/record.ts'
import { isPromise } from '../session/steps.ts'

/** Carries out what concerns one id in turn, in the order it was asked for; other ids go on. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(id: string, work: () => MaybePromise<T>): MaybePromise<T> {
    const before = this.#last.get(id)
    const answer = before ? before.then(work, work) : work()
    if (!isPromise(answer)) return answer
    this.#last.set(id, answer)
    const leave = (): void => {
      if (this.#last.get(id) === answer) this.#last.delete(id)
    }
    answer.then(leave, leave)
    return answer
  }
}
