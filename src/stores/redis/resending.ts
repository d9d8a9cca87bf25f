import type { RedisConnection } from './connection.ts'

interface Write {
  readonly until: number
  readonly again: () => Promise<unknown>
}

const MOST = 10_000
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

/**
 * Removals of the last minutes, done again after the connection was lost: a replica that became the
 * master may not have heard of them (FLT-10). Each is one that may be done twice.
 */
export class Resending {
  readonly #connection: RedisConnection
  readonly #life: number
  readonly #writes = new Map<string, Write>()
  #timer: NodeJS.Timeout | undefined
  #pause = FIRST_PAUSE_MS

  /** @param life for how long a write is remembered, in ms */
  constructor(connection: RedisConnection, life: number) {
    this.#connection = connection
    this.#life = life
  }

  /** @param name in place of an earlier write of that name */
  remember(name: string, again: () => Promise<unknown>): void {
    this.#writes.delete(name)
    this.#writes.set(name, { until: performance.now() + this.#life, again })
    for (const [oldest, { until }] of this.#writes) {
      if (this.#writes.size <= MOST && until > performance.now()) return
      this.#writes.delete(oldest)
    }
  }

  /** Soon, when whatever went wrong may be over. */
  readonly schedule = (): void => {
    if (this.#writes.size === 0) return
    this.#timer ??= setTimeout(() => void this.#run(), this.#pause).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#writes.clear()
  }

  async #run(): Promise<void> {
    try {
      for (const [name, { until, again }] of this.#writes) {
        if (until > performance.now()) await this.#connection.within(again)
        else this.#writes.delete(name)
      }
      this.#pause = FIRST_PAUSE_MS
      this.#timer = undefined
    } catch {
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS)
      this.#timer = undefined
      this.schedule()
    }
  }
}
