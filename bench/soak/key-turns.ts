import { renameSync, writeFileSync } from 'node:fs'
import { generateKey } from '../../src/cli/keygen.ts'
import type { StoredKey } from '../../src/token/ring-text.ts'
import { LIVES } from './places.ts'

/** Neighbours may keep a key set so long, and a ring is refused that forgets it. */
const CACHED_MS = 20 * 60_000

/** A key ring in a file, whose next key is published one turn before it signs. */
export class KeyTurns {
  readonly #file: string
  readonly #turn: number
  #keys: readonly StoredKey[]
  #next = 0

  /** @param turn how long each key signs, in ms */
  constructor(file: string, turn: number) {
    this.#file = file
    this.#turn = turn
    this.#keys = [{ key: generateKey(), signsFrom: iso(Date.now()) }]
    this.takeTurns()
  }

  /** Publishes one more key as soon as the one before it signs. */
  takeTurns(): void {
    const now = Date.now()
    if (now < this.#next) return
    this.#next = now + this.#turn
    const end = this.#next + CACHED_MS + LIVES.tokenLife + LIVES.idle
    const retired = { publishedUntil: iso(end), opensUntil: iso(end) }
    const others = this.#keys.map((key): StoredKey => ({ ...retired, ...key }))
    const kept = others.filter(({ opensUntil = iso(end) }) => Date.parse(opensUntil) > now)
    this.#keys = [...kept, { key: generateKey(), signsFrom: iso(this.#next) }]
    // Whoever reads it finds the old ring or the new one.
    writeFileSync(`${this.#file}.new`, JSON.stringify({ keys: this.#keys }), { mode: 0o600 })
    renameSync(`${this.#file}.new`, this.#file)
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
