import { SessionError } from '../errors.ts'

/** A timer that comes so late was held up by something else in this process. */
const BLOCKED_MS = 20
/** A client may need several turns of the event loop to read one answer. */
const GRACE_MS = 50

/** One call that is waited for. */
interface Waiting {
  readonly deadline: number
  readonly refuse: (error: SessionError) => void
  settled: boolean
}

/**
 * Limits how long each call of a store may take. All calls have the same limit, so that they end in
 * the order in which they began, and one timer serves them all. The clock is the monotonic one.
 *
 * @example
 * const limit = new TimeLimit(5000)
 * await limit.hold(client.get(key)) // rejects with `store_timeout` after five seconds
 */
export class TimeLimit {
  readonly #limit: number
  readonly #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined

  /** @param limit in ms */
  constructor(limit: number) {
    this.#limit = limit
  }

  hold<T>(call: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting = { deadline: performance.now() + this.#limit, refuse: reject, settled: false }
      this.#waiting.push(waiting)
      this.#timer ??= this.#look(this.#limit)
      const settle = (): void => this.#settle(waiting)
      call.then(
        (answer) => (settle(), resolve(answer)),
        (error: unknown) => (settle(), reject(error as Error)),
      )
    })
  }

  #settle(waiting: Waiting): void {
    waiting.settled = true
    while (this.#waiting[0]?.settled) this.#waiting.shift()
    if (this.#waiting.length > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** After a blocked event loop the answers that have come are read before anything expires (FLT-22). */
  #look(delay: number): NodeJS.Timeout {
    const due = performance.now() + delay
    return setTimeout(() => {
      const wasBlocked = performance.now() - due > BLOCKED_MS
      this.#timer = setTimeout(() => this.#expire(), wasBlocked ? GRACE_MS : 0)
    }, delay)
  }

  #expire(): void {
    const now = performance.now()
    while (this.#waiting[0] && (this.#waiting[0].settled || this.#waiting[0].deadline <= now)) {
      const waiting = this.#waiting.shift()
      if (waiting && !waiting.settled) waiting.refuse(timeout(this.#limit))
    }
    clearTimeout(this.#timer)
    const [next] = this.#waiting
    this.#timer = next && this.#look(next.deadline - now)
  }
}

function timeout(limit: number): SessionError {
  return new SessionError(
    'store_timeout',
    `The session store did not answer within ${limit} ms: see whether its server is overloaded, or raise timeout`,
  )
}
