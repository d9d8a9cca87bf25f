import { LIVES } from './places.ts'

/** A session that ended: nobody may be logged in by its cookie any more. */
export interface EndedSession {
  readonly cookie: string
  /** When neighbours had to refuse it at the latest, in ms since 1970; never if that was not told. */
  readonly refusedFrom: number
}

/** How long it may take on a busy machine until neighbours have heard, though half of it fails. */
const HEARD_WITHIN_MS = 10_000
/** What clocks, slow answers and touches that failed may take of a session's life. */
const MARGIN_MS = 8000
/** Use is noted each time that a tenth of `idle` has passed. */
const UNNOTED_MS = LIVES.idle / 10

/** A browser, and what its user may expect of the session whose cookie it has. */
export class Device {
  cookie = ''
  /** Whether the session lives, as far as the answers tell. */
  lives: boolean | 'unknown' = false
  /** Whether neighbours must know the user too: not after an end that may have been noted. */
  isKnownAround = false
  /** How often it was counted up: what was acknowledged, and with what may have been done. */
  counted = { least: 0, most: 0 }
  /** Those that were acknowledged. */
  readonly notes = new Set<string>()
  #began = 0
  #used = 0
  #issued = 0

  began(cookie: string, isKnownAround: boolean): void {
    this.cookie = cookie
    this.lives = true
    this.isKnownAround = isKnownAround
    this.counted = { least: 0, most: 0 }
    this.notes.clear()
    this.#began = this.#used = this.#issued = Date.now()
  }

  used(cookie: string | undefined): void {
    this.#used = Date.now()
    if (!cookie) return
    this.cookie = cookie
    this.#issued = Date.now()
  }

  /** What becomes of sessions by themselves is not known to the moment. */
  age(): void {
    const now = Date.now()
    const isOld = now - this.#began > LIVES.absolute - MARGIN_MS
    const isIdle = now - this.#used > LIVES.idle - UNNOTED_MS - MARGIN_MS
    if (isOld || isIdle) this.doubt()
  }

  /** After an answer that did not come, or told of a failure. */
  doubt(): void {
    if (this.cookie !== '') this.lives = 'unknown'
    this.isKnownAround = false
  }

  /** @param isTold whether the end was acknowledged */
  end(isTold: boolean): EndedSession {
    const { cookie } = this
    this.cookie = ''
    this.lives = false
    return { cookie, refusedFrom: isTold ? Date.now() + HEARD_WITHIN_MS : Infinity }
  }

  /** Whether the token has not yet expired anywhere. */
  get hasYoungToken(): boolean {
    return Date.now() - this.#issued < LIVES.tokenLife - MARGIN_MS
  }
}
