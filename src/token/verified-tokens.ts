interface Entry<Value> {
  readonly tail: string
  readonly token: string
  readonly value: Value
}

/** Hashing these instead of the whole token makes a hit a third faster. */
const TAIL_LENGTH = 16

/**
 * The tokens whose signatures were checked, as many as fit, those not used for longest forgotten
 * first. It proves that a signature is right, never that a session lives (R2, R8).
 *
 * Two generations, each half of the capacity, so that a hit moves nothing: what is used comes into
 * the newer one, and when that is full the older one is dropped.
 */
export class VerifiedTokens<Value> {
  readonly #generationSize: number
  #newer = new Map<string, Entry<Value>>()
  #older = new Map<string, Entry<Value>>()

  /** @param capacity how many tokens to remember at most; 0 for none */
  constructor(capacity: number) {
    this.#generationSize = Math.floor(capacity / 2)
  }

  get size(): number {
    return this.#newer.size + this.#older.size
  }

  get(token: string): Value | undefined {
    const tail = token.slice(-TAIL_LENGTH)
    const entry = this.#newer.get(tail) ?? this.#older.get(tail)
    // Only a token that ends with 96 bits of a signature gets as far as this comparison.
    if (entry === undefined || entry.token !== token) return undefined
    if (this.#older.delete(tail)) this.#keep(entry)
    return entry.value
  }

  set(token: string, value: Value): void {
    const copy = copyFlat(token)
    this.#keep({ tail: copy.slice(-TAIL_LENGTH), token: copy, value })
  }

  #keep(entry: Entry<Value>): void {
    if (this.#generationSize === 0) return
    if (this.#newer.size >= this.#generationSize) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(entry.tail, entry)
  }
}

/** A piece of a string keeps the whole of it in memory: here, the request's Cookie header. */
function copyFlat(token: string): string {
  return JSON.parse(`"${token}"`) as string
}
