import { invalidKey } from './key-material.ts'
import type { Key } from './key.ts'

/**
 * A key and its times, in ms since 1970. What the key is good for follows from them and the clock
 * alone, so that processes that read a ring at different moments agree (R21).
 */
export interface TimedKey {
  readonly key: Key
  /**
   * From when on it signs, until the next key does. Infinity while that is not decided; -Infinity if
   * it signed once, and never will again.
   */
  readonly signsFrom: number
  /** Until when neighbours are told of it. */
  readonly publishedUntil: number
  /** Until when its tokens find their sessions in the app. */
  readonly opensUntil: number
  /** No secret any more: neighbours are not told of it, and its tokens are replaced. */
  readonly burned: boolean
  /** Another holder's, who may write token headers in another form (R23). */
  readonly foreign: boolean
}

/**
 * | state | signs | in the JWKS | its tokens find sessions in the app |
 * |---|---|---|---|
 * | `next` | | yes | yes |
 * | `current` | yes | yes | yes |
 * | `published` | | yes | yes, and are replaced |
 * | `opens`, `burned` | | | yes, and are replaced |
 * | `gone` | | | |
 */
export type KeyState = 'next' | 'current' | 'published' | 'opens' | 'burned' | 'gone'

/** A key without an end. */
export function endlessKey(key: Key, signsFrom: number, foreign = false): TimedKey {
  const endless = { publishedUntil: Infinity, opensUntil: Infinity, burned: false }
  return { key, signsFrom, foreign, ...endless }
}

/**
 * The key that signs: of those whose time has come, the last, or if that was burned, the one after.
 * On a slow clock that one's time may not have come, or that of no key at all.
 *
 * @throws SessionError `invalid_key` if no key is to sign at all
 */
export function currentKey(keys: readonly TimedKey[], now: number): TimedKey {
  const signers = signersOf(keys)
  const turn = signers.findLastIndex(({ signsFrom }) => signsFrom <= now)
  const current = signers.slice(Math.max(turn, 0)).find(isUnburned) ?? signers.findLast(isUnburned)
  if (current === undefined) throw invalidKey('keys: no key of the ring signs')
  return current
}

function isUnburned({ burned }: TimedKey): boolean {
  return !burned
}

/** Those that take turns, in that order. */
export function signersOf(keys: readonly TimedKey[]): readonly TimedKey[] {
  return keys
    .filter(({ signsFrom }) => Number.isFinite(signsFrom))
    .toSorted((one, other) => one.signsFrom - other.signsFrom)
}

export function stateOf(timed: TimedKey, current: TimedKey, now: number): KeyState {
  if (timed === current) return 'current'
  if (now >= timed.opensUntil) return 'gone'
  if (timed.burned) return 'burned'
  if (now >= timed.publishedUntil) return 'opens'
  return timed.signsFrom > current.signsFrom ? 'next' : 'published'
}

/** Whether its tokens are to be replaced: only by those of a newer key, so that clocks may differ. */
export function isSuperseded(timed: TimedKey, current: TimedKey): boolean {
  return timed.burned || timed.signsFrom < current.signsFrom
}
