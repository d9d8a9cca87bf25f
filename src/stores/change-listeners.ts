import type { StoreChange } from '../session/record.ts'

type Hear = (change: StoreChange) => void

/** Who is told of a store's changes. */
export class ChangeListeners {
  readonly #listeners = new Set<{ readonly hear: Hear }>()

  get size(): number {
    return this.#listeners.size
  }

  /** @returns ends the telling */
  add(hear: Hear): () => void {
    const listener = { hear }
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  tell(change: StoreChange): void {
    for (const { hear } of this.#listeners) hear(change)
  }

  clear(): void {
    this.#listeners.clear()
  }
}
