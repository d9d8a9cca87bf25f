/** Carries out what concerns one id in turn, in the order it was asked for; other ids go on. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id)
    const answer = before ? before.then(work, work) : work()
    this.#last.set(id, answer)
    const leave = (): void => {
      if (this.#last.get(id) === answer) this.#last.delete(id)
    }
    answer.then(leave, leave)
    return answer
  }
}
