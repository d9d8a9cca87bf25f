import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateKey } from '../../src/cli/keygen.ts'
import { burn, entriesOf, firstKeys, rotate, type RotationPlan } from '../../src/cli/rotation.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { importKey } from '../../src/token/key.ts'
import type { StoredKey } from '../../src/token/ring-text.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.UTC(2030, 0, 1)
const LIVES = { tokenLife: 15 * MINUTE, idle: 14 * DAY }

type Keys = readonly StoredKey[]

function plan(now: number, more: Partial<RotationPlan> = {}): RotationPlan {
  const tokenLife = LIVES.tokenLife
  return { now, grace: DAY, tokenLife, life: 30 * DAY, make: generateKey, ...more }
}

const begin = (): Keys => firstKeys(generateKey(), plan(NOW))

function states(keys: Keys, now: number): string[] {
  return entriesOf(keys, now).map(({ state }) => state)
}

function currentKid(keys: Keys, now: number): string {
  return entriesOf(keys, now).find(({ state }) => state === 'current')!.timed.key.kid
}

/** No app may refuse it, whatever the time. */
function assertSafe(keys: Keys): void {
  createKeyRing(JSON.stringify({ keys }), { now: () => NOW, lives: LIVES }).close()
}

describe('R21 rotation: publish first, sign later', () => {
  test('the key that waits signs when all neighbours can know it', () => {
    const keys = rotate(begin(), plan(NOW + HOUR))
    const [first, second, third] = keys
    assert.equal(second?.signsFrom, new Date(NOW + DAY).toISOString())
    assert.deepEqual(
      [first?.publishedUntil, first?.opensUntil],
      [new Date(NOW + 2 * DAY).toISOString(), new Date(NOW + 32 * DAY).toISOString()],
    )
    assert.deepEqual(Object.keys(third as object), ['key', 'publishedFrom'])
    assertSafe(keys)
  })

  test('at once, but not before every process has read it, where it was published long ago', () => {
    const keys = rotate(begin(), plan(NOW + 90 * DAY))
    assert.equal(keys[1]?.signsFrom, new Date(NOW + 90 * DAY + 2 * MINUTE).toISOString())
    assertSafe(keys)
  })

  test('one rotation at a time', () => {
    const keys = rotate(begin(), plan(NOW))
    assert.throws(() => rotate(keys, plan(NOW + HOUR)), /wait/)
    assert.deepEqual(states(rotate(keys, plan(NOW + 3 * DAY)), NOW + 3 * DAY), [
      'opens',
      'current',
      'next',
      'next',
    ])
  })

  test('a grace that neighbours or tokens outlive is refused', () => {
    const grace = 35 * MINUTE
    assert.throws(() => rotate(begin(), plan(NOW, { grace: grace - 1 })), /at least 35m/)
    assertSafe(rotate(begin(), plan(NOW, { grace })))
    const tokenLife = 2 * DAY
    assert.throws(() => rotate(begin(), plan(NOW, { tokenLife })), /--grace must be at least 2900m/)
  })

  test('keys that are gone are left out', () => {
    let keys = begin()
    for (let month = 1; month <= 12; month++) keys = rotate(keys, plan(NOW + month * 30 * DAY))
    assertSafe(keys)
    assert.deepEqual(states(keys, NOW + 360 * DAY), ['opens', 'current', 'next', 'next'])
  })

  test('a ring without a key that waits, or with one of unknown age, publishes first', () => {
    const [signing, waiting] = begin()
    for (const keys of [[signing!], [signing!, { key: waiting!.key }]]) {
      const rotated = rotate(keys, plan(NOW + 90 * DAY))
      assert.equal(rotated[1]?.signsFrom, new Date(NOW + 91 * DAY).toISOString())
      assert.equal(rotated.length, 3)
    }
  })

  test('a public key that others sign by is none to rotate to', () => {
    const { d: _, ...publicJwk } = generateKey()
    const keys = rotate([begin()[0]!, { key: publicJwk }], plan(NOW))
    assert.deepEqual([keys.length, keys[1]?.signsFrom], [4, undefined])
  })
})

describe('R21 burning a key', () => {
  test('the current one: the one that waits signs at once, and another waits', () => {
    const keys = begin()
    const [, next] = entriesOf(keys, NOW)
    const burned = burn(keys, currentKid(keys, NOW), plan(NOW + HOUR))
    assert.equal(currentKid(burned, NOW + HOUR), next!.timed.key.kid)
    assert.deepEqual(states(burned, NOW + HOUR).toSorted(), ['burned', 'current', 'next'])
    assertSafe(burned)
    const again = burn(burned, currentKid(burned, NOW + HOUR), plan(NOW + 2 * HOUR))
    assert.deepEqual(states(again, NOW + 2 * HOUR).toSorted(), [
      'burned',
      'burned',
      'current',
      'next',
    ])
    assertSafe(again)
  })

  test('while a rotation is under way, the one that was to sign does so at once', () => {
    const keys = rotate(begin(), plan(NOW))
    const burned = burn(keys, currentKid(keys, NOW), plan(NOW + HOUR))
    assert.equal(currentKid(burned, NOW + HOUR), importKey(keys[1]!.key).kid)
    assertSafe(burned)
  })

  test('the one that was to sign: the current one goes on, and another waits', () => {
    const keys = rotate(begin(), plan(NOW))
    const pending = importKey(keys[1]!.key).kid
    const burned = burn(keys, pending, plan(NOW + HOUR))
    assert.equal(currentKid(burned, NOW + 60 * DAY), currentKid(keys, NOW))
    assert.deepEqual(states(burned, NOW + HOUR).toSorted(), ['burned', 'current', 'next'])
    assertSafe(JSON.parse(JSON.stringify(burned)))
    rotate(burned, plan(NOW + HOUR))
  })

  test('the one that waits, or signed before', () => {
    const keys = begin()
    const waiting = burn(keys, importKey(keys[1]!.key).kid, plan(NOW))
    assert.deepEqual(states(waiting, NOW).toSorted(), ['burned', 'current', 'next'])
    const rotated = rotate(keys, plan(NOW))
    const old = burn(rotated, importKey(keys[0]!.key).kid, plan(NOW + DAY))
    assert.deepEqual(states(old, NOW + DAY).toSorted(), ['burned', 'current', 'next'])
    assert.equal(currentKid(old, NOW + DAY), currentKid(rotated, NOW + DAY))
    assertSafe(old)
  })

  test('it opens sessions for as long as others, then it is gone', () => {
    const keys = begin()
    const burned = burn(keys, currentKid(keys, NOW), plan(NOW))
    assert.ok(states(burned, NOW + 31 * DAY - 1).includes('burned'))
    assert.ok(!states(burned, NOW + 31 * DAY).includes('burned'))
  })

  test('a kid that is not there is told', () => {
    assert.throws(() => burn(begin(), 'nope', plan(NOW)), /no key nope/)
  })
})
