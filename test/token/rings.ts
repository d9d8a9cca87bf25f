import { generateKey } from '../../src/cli/keygen.ts'
import type { StoredKey } from '../../src/token/ring-text.ts'
import { NOW_MS } from './fixtures.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export const LIVES = { tokenLife: 15 * MINUTE, idle: 14 * DAY }

/** A time as rings have it, counted from the time of all fixtures. */
export function at(ms: number): string {
  return new Date(NOW_MS + ms).toISOString()
}

export function ringText(...keys: StoredKey[]): string {
  return JSON.stringify({ keys })
}

export function newKey(kid: string): StoredKey['key'] {
  return { ...generateKey(), kid }
}

/** A clock that a test moves. */
export class Clock {
  time: number

  constructor(time: number = NOW_MS) {
    this.time = time
  }

  readonly now = (): number => this.time
}
