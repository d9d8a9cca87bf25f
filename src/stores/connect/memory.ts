import { TOMBSTONE_MS } from '../../session/record.ts'

const MOST_ENDS = 10_000

/** What one process knows of sessions that a store of express-session cannot keep. */
export class ProcessMemory {
  readonly #now: () => number
  /** Until when an id is remembered as ended; the oldest first, as all are kept equally long. */
  readonly #ended = new Map<string, number>()
  readonly #ends = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  rememberEnded(id: string): void {
    const now = this.#now()
    for (const [oldest, until] of this.#ended) {
      if (until > now) break
      this.#ended.delete(oldest)
    }
    this.#ended.delete(id)
    this.#ended.set(id, now + TOMBSTONE_MS)
    this.#ends.delete(id)
  }

  hasEnded(id: string): boolean {
    return (this.#ended.get(id) ?? 0) > this.#now()
  }

  /** Most stores move the end of a session that is touched without a trace in what they read back. */
  rememberEnd(id: string, expires: number): void {
    this.#ends.delete(id)
    this.#ends.set(id, expires)
    const [oldest] = this.#ends.keys()
    if (this.#ends.size > MOST_ENDS && oldest !== undefined) this.#ends.delete(oldest)
  }

  forgetEnd(id: string): void {
    this.#ends.delete(id)
  }

  endOf(id: string): number | undefined {
    return this.#ends.get(id)
  }
}
