/** setTimeout cuts longer delays to one millisecond. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** Clocks differ: a store may say alive a little past the time that we wait for. */
const SHORTEST_TIMER_MS = 1000

/** Asks again whether a session lives, and until when; undefined if it does not. */
export type Alive = (id: string) => Promise<number | undefined>

interface Watched {
  readonly controllers: Set<AbortController>
  timer: NodeJS.Timeout | undefined
}

/** The abort signals of sessions that requests of this process are watching: one timer a session. */
export class Signals {
  readonly #alive: Alive
  readonly #now: () => number
  readonly #watched = new Map<string, Watched>()

  constructor(alive: Alive, now: () => number) {
    this.#alive = alive
    this.#now = now
  }

  /** @param expires in ms since 1970; undefined for a session that is not stored yet */
  open(id: string, expires: number | undefined): AbortController {
    const controller = new AbortController()
    const watched = this.#watched.get(id) ?? { controllers: new Set(), timer: undefined }
    watched.controllers.add(controller)
    this.#watched.set(id, watched)
    if (watched.timer === undefined && expires !== undefined) this.#wait(id, watched, expires)
    return controller
  }

  /** The request is over; its signal aborts nothing any more. */
  release(id: string, controller: AbortController): void {
    const watched = this.#watched.get(id)
    watched?.controllers.delete(controller)
    if (watched?.controllers.size === 0) this.#forget(id, watched)
  }

  /** Asks now whether the session lives. */
  check(id: string): void {
    const watched = this.#watched.get(id)
    if (watched !== undefined) void this.#check(id, watched)
  }

  abort(id: string): void {
    const watched = this.#watched.get(id)
    if (watched === undefined) return
    this.#forget(id, watched)
    for (const controller of watched.controllers) controller.abort()
  }

  abortThose(ended: (id: string) => boolean): void {
    for (const id of this.#watched.keys()) if (ended(id)) this.abort(id)
  }

  #forget(id: string, { timer }: Watched): void {
    clearTimeout(timer)
    this.#watched.delete(id)
  }

  #wait(id: string, watched: Watched, expires: number): void {
    const left = Math.max(expires - this.#now(), SHORTEST_TIMER_MS) || SHORTEST_TIMER_MS
    const check = (): void => void this.#check(id, watched)
    clearTimeout(watched.timer)
    watched.timer = setTimeout(check, Math.min(left, LONGEST_TIMER_MS)).unref()
  }

  /** At its expiry a session may have been used by other requests: only the store knows. */
  async #check(id: string, watched: Watched): Promise<void> {
    const expires = await this.#alive(id).catch(() => this.#now())
    if (this.#watched.get(id) !== watched) return
    if (expires === undefined) this.abort(id)
    else this.#wait(id, watched, expires)
  }
}
