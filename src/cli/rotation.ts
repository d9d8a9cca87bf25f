import { type KeyState, type TimedKey, currentKey, stateOf } from '../token/key-states.ts'
import { type StoredKey, shortestGrace, timedKey } from '../token/ring-text.ts'

/** How keys take turns; times in ms. */
export interface RotationPlan {
  /** Since 1970. */
  readonly now: number
  /** How long a key is published before it signs, and after. */
  readonly grace: number
  /** How long a token may live. */
  readonly tokenLife: number
  /** How long a session may live. */
  readonly life: number
  readonly make: () => StoredKey['key']
}

/** A key of a ring, and what it is good for now. */
export interface RingEntry {
  readonly stored: StoredKey
  readonly timed: TimedKey
  readonly state: KeyState
}

/** Every process has read the ring by then, and clocks may differ by most of it. */
const SETTLING_MS = 2 * 60_000

export function entriesOf(keys: readonly StoredKey[], now: number): readonly RingEntry[] {
  const timed = keys.map(timedKey)
  const current = currentKey(timed, now)
  return timed.map((it, index) => {
    return { stored: keys[index] as StoredKey, timed: it, state: stateOf(it, current, now) }
  })
}

/** A ring of one key that signs at once, and one that waits to be the next. */
export function firstKeys(key: StoredKey['key'], plan: RotationPlan): readonly StoredKey[] {
  return [{ key, publishedFrom: iso(plan.now), signsFrom: iso(plan.now) }, waiting(plan)]
}

/**
 * Lets the key that waits sign as soon as every neighbour can know it, and publishes the one after.
 *
 * @throws Error while a rotation is under way, or if the plan's grace is too short
 */
export function rotate(keys: readonly StoredKey[], plan: RotationPlan): readonly StoredKey[] {
  refuseShortGrace(plan)
  const entries = entriesOf(keys, plan.now)
  const pending = entries.find(isPending)
  if (pending !== undefined) {
    throw new Error(`key ${pending.timed.key.kid} signs from ${pending.stored.signsFrom} on; wait`)
  }
  const next = entries.find(isReady)?.stored ?? waiting(plan)
  const publishedFrom = next.publishedFrom ?? iso(plan.now)
  const start = Math.max(plan.now + SETTLING_MS, Date.parse(publishedFrom) + plan.grace)
  const left = entries.filter(({ stored, state }) => stored !== next && state !== 'gone')
  const others = left.map(({ stored, state }) =>
    state === 'current' ? { ...stored, ...retirement(start, plan) } : stored,
  )
  return completed([...others, { ...next, publishedFrom, signsFrom: iso(start) }], plan)
}

/**
 * Withdraws a key that is no secret any more. If it is the one that signs, the one that waits takes
 * its place at once, since neighbours know it; if it was to sign, the current one goes on.
 *
 * @throws Error if there is no such key
 */
export function burn(
  keys: readonly StoredKey[],
  kid: string,
  plan: RotationPlan,
): readonly StoredKey[] {
  const entries = entriesOf(keys, plan.now)
  const entry = entries.find(({ timed }) => timed.key.kid === kid)
  if (entry === undefined) throw new Error(`the ring has no key ${kid}`)
  const { opensUntil } = retirement(plan.now, plan)
  const burned = { opensUntil, ...entry.stored, burned: iso(plan.now) }
  const rest = entries.filter((it) => it !== entry)
  if (entry.state === 'current') return completed([burned, ...succeeded(rest, plan)], plan)
  if (!isPending(entry)) return completed([burned, ...rest.map(({ stored }) => stored)], plan)
  return completed([{ ...burned, signsFrom: undefined }, ...calledOff(rest)], plan)
}

/** With the next key signing from now on. */
function succeeded(rest: readonly RingEntry[], plan: RotationPlan): readonly StoredKey[] {
  const next = rest.find(isReady)?.stored ?? waiting(plan)
  const others = rest.map(({ stored }) => stored).filter((stored) => stored !== next)
  return [{ ...next, signsFrom: iso(plan.now) }, ...others]
}

/** With the current key going on as if none were to follow it. */
function calledOff(rest: readonly RingEntry[]): readonly StoredKey[] {
  return rest.map(({ stored, state }) =>
    state === 'current' ? { ...stored, publishedUntil: undefined, opensUntil: undefined } : stored,
  )
}

/** There is always a key that waits, so that neighbours know the next one whatever happens. */
function completed(keys: readonly StoredKey[], plan: RotationPlan): readonly StoredKey[] {
  const waits = keys.map(timedKey).some(({ key, signsFrom, burned }) => {
    return key.canSign && signsFrom === Infinity && !burned
  })
  return waits ? keys : [...keys, waiting(plan)]
}

function isReady({ timed, state }: RingEntry): boolean {
  return state === 'next' && timed.key.canSign
}

function isPending({ timed, state }: RingEntry): boolean {
  return state === 'next' && timed.signsFrom < Infinity
}

function waiting({ make, now }: RotationPlan): StoredKey {
  return { key: make(), publishedFrom: iso(now) }
}

/** What a key is good for that signed until `end`. */
function retirement(
  end: number,
  { grace, life }: RotationPlan,
): { publishedUntil: string; opensUntil: string } {
  return { publishedUntil: iso(end + grace), opensUntil: iso(end + grace + life) }
}

function refuseShortGrace({ grace, tokenLife }: RotationPlan): void {
  const shortest = shortestGrace(tokenLife)
  if (grace >= shortest) return
  throw new Error(
    `--grace must be at least ${shortest / 60_000}m: a token's life, and 20 minutes in which neighbours fetch the keys again`,
  )
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
