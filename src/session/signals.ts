/** setTimeout cuts longer delays to one millisecond. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Asks again whether a session lives, and until when; undefined if it does not. */
export type Alive = (id: string) => Promise<number | undefined>

/** The abort signals of living sessions: held weakly, so that a finished request costs nothing. */
export class Signals {
  readonly #alive: Alive
  readonly #now: () => number
  readonly #controllers = new Map<string, Set<WeakRef<AbortController>>>()
  readonly #forget: FinalizationRegistry<string>

  constructor(alive: Alive, now: () => number) {
    this.#alive = alive
    this.#now = now
    this.#forget = new FinalizationRegistry((id) => this.#drop(id))
  }

  open(id: string, expires: number): AbortController {
    const controller = new AbortController()
    const references = this.#controllers.get(id) ?? new Set()
    references.add(new WeakRef(controller))
    this.#controllers.set(id, references)
    this.#forget.register(controller, id)
    this.#watch(id, expires)
    return controller
  }

  abort(id: string): void {
    const references = this.#controllers.get(id)
    this.#controllers.delete(id)
    for (const reference of references ?? []) reference.deref()?.abort()
  }

  /** At its expiry a session may have been used by other requests: only the store knows. */
  #watch(id: string, expires: number): void {
    const delay = Math.min(Math.max(expires - this.#now(), 1), LONGEST_TIMER_MS)
    setTimeout(() => void this.#check(id), delay).unref()
  }

  async #check(id: string): Promise<void> {
    if (!this.#controllers.has(id)) return
    const expires = await this.#alive(id).catch(() => this.#now() + 1000)
    if (expires === undefined) this.abort(id)
    else this.#watch(id, expires)
  }

  #drop(id: string): void {
    const references = this.#controllers.get(id)
    for (const reference of references ?? []) {
      if (reference.deref() === undefined) references?.delete(reference)
    }
    if (references?.size === 0) this.#controllers.delete(id)
  }
}
