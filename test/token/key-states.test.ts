import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createKeyRing } from '../../src/token/key-ring.ts'
import type { StoredKey } from '../../src/token/ring-text.ts'
import { contents, localTokens, NOW_MS } from './fixtures.ts'
import { at, Clock, DAY, HOUR, newKey, ringText } from './rings.ts'

/** `b` follows `a` after a day; `c` waits. */
const A: StoredKey = {
  key: newKey('a'),
  signsFrom: at(-DAY),
  publishedUntil: at(2 * DAY),
  opensUntil: at(32 * DAY),
}
const B: StoredKey = { key: newKey('b'), publishedFrom: at(0), signsFrom: at(DAY) }
const C: StoredKey = { key: newKey('c'), publishedFrom: at(0) }

function ringAt(clock: Clock, ...keys: StoredKey[]): ReturnType<typeof createKeyRing> {
  return createKeyRing(ringText(...keys), { now: clock.now })
}

describe('R21 the states of a key follow from its times and the clock', () => {
  const clock = new Clock()
  const ring = ringAt(clock, A, B, C)
  const kids = (keys: readonly { kid: string }[]): string => keys.map(({ kid }) => kid).join(' ')

  for (const [time, trusted, published] of [
    [0, 'a b c', 'a b c'],
    [DAY - 1, 'a b c', 'a b c'],
    [DAY, 'b a c', 'b c a'],
    [2 * DAY - 1, 'b a c', 'b c a'],
    [2 * DAY, 'b a c', 'b c'],
    [32 * DAY - 1, 'b a c', 'b c'],
    [32 * DAY, 'b c', 'b c'],
    [900 * DAY, 'b c', 'b c'],
    [DAY, 'b a c', 'b c a'],
    [-DAY, 'a b c', 'a b c'],
  ] as const) {
    test(`KEY-15 KEY-16 after ${time / HOUR} hours ${trusted[0]} signs and ${published} are published`, () => {
      clock.time = NOW_MS + time
      assert.equal(kids(ring.trusted.keys), trusted)
      assert.equal(ring.trusted.current.kid, trusted[0])
      assert.equal(kids(ring.trusted.jwks().keys), published)
    })
  }

  test('nothing is made anew while nothing changes', () => {
    clock.time = NOW_MS
    const { trusted } = ring
    clock.time = NOW_MS + DAY - 1
    assert.equal(ring.trusted, trusted)
    clock.time = NOW_MS + DAY
    assert.notEqual(ring.trusted, trusted)
  })

  test('on a slow clock, to which no key’s time has come, the first to come signs', () => {
    clock.time = NOW_MS - 2 * DAY
    assert.equal(ring.trusted.current.kid, 'a')
  })
})

describe('R21 tokens through the states of their key', () => {
  const clock = new Clock()
  const read = (ring: ReturnType<typeof createKeyRing>, token: string): unknown => {
    const result = localTokens({ ring, sessionField: 'sk' }).read(token)
    return typeof result === 'string' ? result : result.superseded
  }

  test('KEY-15 a token is replaced once a newer key signs, and opens nothing once its key is gone', () => {
    clock.time = NOW_MS
    const ring = ringAt(clock, A, B, C)
    const tokens = localTokens({ ring, sessionField: 'sk' })
    const token = tokens.issue(contents())
    const seen: unknown[] = []
    for (const time of [0, DAY - 1, DAY, 2 * DAY, 32 * DAY - 1, 32 * DAY]) {
      clock.time = NOW_MS + time
      const result = tokens.read(token)
      seen.push(typeof result === 'string' ? result : result.superseded)
      assert.deepEqual(seen.at(-1), read(ring, token), 'what is remembered changes nothing')
    }
    assert.deepEqual(seen, [false, false, true, true, true, 'kid'])
  })

  test('a token of a key that does not sign yet, by a clock that is ahead, is not replaced by an older one', () => {
    const ahead = localTokens({
      ring: ringAt(new Clock(NOW_MS + DAY), A, B, C),
      sessionField: 'sk',
    })
    clock.time = NOW_MS + DAY - 5000
    assert.equal(read(ringAt(clock, A, B, C), ahead.issue(contents())), false)
  })

  test('a burned key is out of the JWKS at once; its tokens find their sessions and are replaced', () => {
    clock.time = NOW_MS
    const token = localTokens({ ring: ringAt(clock, A, B, C), sessionField: 'sk' }).issue(
      contents(),
    )
    const burned = { ...A, burned: at(0) }
    const ring = ringAt(clock, burned, { ...B, signsFrom: at(0) }, C)
    assert.equal(read(ring, token), true)
    assert.deepEqual(ring.trusted.burned, ['a'])
    assert.deepEqual(
      ring.trusted.jwks().keys.map(({ kid }) => kid),
      ['b', 'c'],
    )
    clock.time = NOW_MS + 32 * DAY
    assert.equal(read(ring, token), 'kid')
  })

  test('on a slow clock the key after a burned one signs at once, not one that neighbours forgot', () => {
    const retired = { ...A, signsFrom: at(-2 * DAY), publishedUntil: at(-DAY) }
    const burned = { ...B, signsFrom: at(-DAY), burned: at(0) }
    const next = { ...C, signsFrom: at(0) }
    clock.time = NOW_MS - 4000
    assert.equal(ringAt(clock, retired, burned, next).trusted.current.kid, 'c')
  })
})
