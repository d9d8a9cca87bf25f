import { ENDED } from './record.ts'
import type { Verbs } from './store-guard.ts'

const MOST = 10_000
const FIRST_RETRY_MS = 1000
const SLOWEST_RETRY_MS = 60_000

/**
 * Sessions that were logged out while the store failed: ended in this process at once, and in the
 * store as soon as it answers again (R17).
 */
export class Endings {
  readonly #store: Verbs
  readonly #ids = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #delay = FIRST_RETRY_MS

  constructor(store: Verbs) {
    this.#store = store
  }

  /** The ids that are yet to be ended in the store. */
  get pending(): Iterable<string> {
    return this.#ids
  }

  add(id: string): void {
    const oldest = this.#ids.size >= MOST ? this.#ids.values().next().value : undefined
    if (oldest !== undefined) this.#ids.delete(oldest)
    this.#ids.add(id)
    this.#schedule()
  }

  /** Tries every pending end once; the store's failures were told by its guard. */
  async retry(): Promise<void> {
    for (const id of this.#ids) {
      try {
        await this.#store.end(id)
      } catch {
        this.#delay = Math.min(this.#delay * 2, SLOWEST_RETRY_MS)
        return this.#schedule()
      }
      this.#ids.delete(id)
    }
    this.#delay = FIRST_RETRY_MS
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** The store as this process may see it: what is to end has ended, whatever the store still says. */
  guard(store: Verbs): Verbs {
    return {
      ...store,
      recall: (id) => (this.#has(id) ? undefined : store.recall?.(id)),
      read: (id, userId) => (this.#has(id) ? ENDED : store.read(id, userId)),
      update: (id, record, seen) => (this.#has(id) ? 'gone' : store.update(id, record, seen)),
      touch: (id, expires) => (this.#has(id) ? false : store.touch(id, expires)),
    }
  }

  #has(id: string): boolean {
    return this.#ids.size > 0 && this.#ids.has(id)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.retry(), this.#delay).unref()
  }
}
