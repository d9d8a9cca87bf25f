import { SessionError } from '../errors.ts'
import type { Events } from '../events.ts'
import type { TimedKey } from './key-states.ts'

/** Where a ring has its keys from. */
export interface KeySource {
  /** Another list whenever they change. @throws SessionError while they have never come */
  readonly keys: readonly TimedKey[]
  readonly ready?: Promise<void> | undefined
  lookAgain?(): boolean | Promise<boolean>
  close?(): void
}

const POLL_MS = 10_000
/** Forged tokens with unknown kids must not make us look all the time. */
const SHORTEST_PAUSE_MS = 1000

interface Watching {
  readonly read: () => string | Promise<string>
  /** Throws what is wrong with a text. */
  readonly parse: (text: string) => readonly TimedKey[]
  readonly now: () => number
  readonly events: Events | undefined
}

/** The keys that a file or a function tells of, looked at again and again; a bad text changes nothing. */
export class WatchedKeys implements KeySource {
  readonly #watching: Watching
  readonly #timer: NodeJS.Timeout
  #keys: readonly TimedKey[] | undefined
  /** The last one seen, good or bad. */
  #text: string | undefined
  #problem: unknown = new SessionError('keys_unavailable', 'The keys are still being fetched')
  #lookedAt = -Infinity
  #looking: Promise<boolean> | undefined

  /** @throws SessionError if a text that is there at once cannot be used */
  constructor(watching: Watching) {
    this.#watching = watching
    const looking = this.#look()
    if (looking === false) throw this.#problem
    this.#timer = setInterval(() => void (this.#looking ?? this.#look()), POLL_MS).unref()
  }

  get keys(): readonly TimedKey[] {
    if (this.#keys === undefined) throw this.#problem
    return this.#keys
  }

  get ready(): Promise<void> | undefined {
    if (this.#keys !== undefined) return undefined
    const ready = this.#firstKeys()
    // Who only asks whether there is something to wait for does not listen.
    ready.catch(() => {})
    return ready
  }

  lookAgain(): boolean | Promise<boolean> {
    if (this.#looking !== undefined) return this.#looking
    const pause = Math.abs(this.#watching.now() - this.#lookedAt)
    return pause >= SHORTEST_PAUSE_MS && this.#look()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #firstKeys(): Promise<void> {
    await this.lookAgain()
    if (this.#keys === undefined) throw this.#problem
  }

  /** @returns whether the keys are others now; never throws or rejects */
  #look(): boolean | Promise<boolean> {
    this.#lookedAt = this.#watching.now()
    try {
      const text = this.#watching.read()
      if (typeof text === 'string') return this.#take(text)
      this.#looking = this.#takeLater(text).finally(() => (this.#looking = undefined))
      return this.#looking
    } catch (error) {
      return this.#failed(error)
    }
  }

  async #takeLater(text: Promise<string>): Promise<boolean> {
    try {
      return this.#take(await text)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #take(text: string): boolean {
    const isFirst = this.#keys === undefined
    if (!isFirst && text === this.#text) return false
    this.#text = text
    this.#keys = this.#watching.parse(text)
    if (!isFirst) this.#watching.events?.emit('keys_changed')
    return true
  }

  #failed(error: unknown): false {
    this.#problem = error
    this.#watching.events?.emit('keys_failed', { error })
    this.#watching.events?.warn(
      'The key ring could not be read or used, and stays as it was; the event keys_failed says why',
    )
    return false
  }
}
