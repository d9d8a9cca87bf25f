import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { type KeyRing, createKeyRing } from '../../src/token/key-ring.ts'
import type { KeySpec } from '../../src/token/key.ts'
import {
  KEYS,
  SECRET,
  SESSION,
  SPECS,
  contents,
  encode,
  forge,
  randomSecret,
  localTokens,
  type LocalTokens,
} from './fixtures.ts'

const publicKey = createPublicKey(SPECS.ES256)

function assertRefused(keys: unknown, ...words: string[]): void {
  assert.throws(
    () => createKeyRing(keys as KeySpec),
    (error: Error & { code?: string }) =>
      error.code === 'invalid_key' && words.every((word) => error.message.includes(word)),
  )
}

function tokensWith(ring: KeyRing): LocalTokens {
  return localTokens({ ring, sessionField: 'sk' })
}

describe('createKeyRing', () => {
  test('R20 one key or a list: the first signs, all are trusted', () => {
    const one = createKeyRing(SPECS.ES256)
    assert.equal(one.trusted.current.kid, KEYS.ES256.kid)
    const ring = createKeyRing([SPECS.ES256, SPECS.RS256, createPublicKey(SPECS.EdDSA)]).trusted
    assert.deepEqual(
      ring.keys.map((key) => key.alg),
      ['ES256', 'RS256', 'EdDSA'],
    )
    assert.equal(ring.current, ring.keys[0])
    for (const key of ring.keys) assert.equal(ring.byHeader(key.header)?.key, key)
  })

  test('R7 a header is known by its text, not by its meaning', () => {
    const ring = createKeyRing(SPECS.ES256).trusted
    const { kid } = ring.current
    const others = [
      `{"kid":"${kid}","alg":"ES256","typ":"JWT"}`,
      `{"alg":"ES256","kid":"${kid}"}`,
      `{"alg":"ES256","kid":"${kid}","typ":"jwt"}`,
      `{"alg":"ES256", "kid":"${kid}","typ":"JWT"}`,
      `{"alg":"ES256","kid":"${kid.toUpperCase()}","typ":"JWT"}`,
    ]
    for (const text of others) assert.equal(ring.byHeader(encode(text)), undefined, text)
    for (const text of ['', '__proto__', 'constructor', 'toString']) {
      assert.equal(ring.byHeader(text), undefined)
    }
  })

  test('ALG-11 R7 the algorithm of one key under the kid of another is told as such', () => {
    const tokens = tokensWith(createKeyRing([SPECS.ES256, SPECS.RS256]))
    const header = { alg: 'RS256', kid: KEYS.ES256.kid, typ: 'JWT' }
    assert.equal(
      tokens.read(forge(KEYS.RS256, JSON.stringify(SESSION), JSON.stringify(header))),
      'alg',
    )
    assert.equal(typeof tokens.read(forge(KEYS.RS256, JSON.stringify(SESSION))), 'object')
  })

  test('KEY-12 rotation: the new key signs, the old verifies while it is listed', () => {
    const [before, after] = [randomSecret(), randomSecret()]
    const old = tokensWith(createKeyRing(before)).issue(contents())
    const both = tokensWith(createKeyRing([after, before]))
    const read = both.read(old)
    assert.ok(typeof read === 'object' && read.superseded)
    const renewed = both.issue(contents())
    const known = both.read(renewed)
    assert.ok(typeof known === 'object' && !known.superseded)
    const alone = tokensWith(createKeyRing(after))
    assert.equal(alone.read(old), 'kid')
    assert.equal(typeof alone.read(renewed), 'object')
  })

  test('R21 rolling deploys: an app that does not sign by the new key yet reads its tokens', () => {
    const [before, after] = [randomSecret(), randomSecret()]
    const early = tokensWith(createKeyRing([before, after]))
    const late = tokensWith(createKeyRing([after, before]))
    assert.equal(typeof early.read(late.issue(contents())), 'object')
    assert.equal(typeof late.read(early.issue(contents())), 'object')
  })

  test('KEY-06 KEY-10 an empty list, or a first key that cannot sign, is refused', () => {
    assertRefused([], 'at least one')
    assertRefused([publicKey, SPECS.EdDSA], 'the first key signs')
    assertRefused(publicKey, 'the first key signs')
    assertRefused(undefined, 'environment variable')
    assertRefused([SECRET, undefined], 'keys[1]')
    assertRefused([SECRET, 'short'], 'keys[1]', '32 bytes')
  })

  test('KEY-11 two keys of one kid are refused', () => {
    assertRefused([SPECS.ES256, publicKey], 'same kid')
    assertRefused([SECRET, SECRET], 'same kid')
    const named = (kid: string): KeySpec => ({ kty: 'oct', k: randomSecret(), kid })
    assertRefused([named('a'), named('a')], 'same kid')
    assert.equal(createKeyRing([named('a'), named('b')]).trusted.keys.length, 2)
  })

  test('ALG-15 secrets and key pairs in one ring are refused', () => {
    assertRefused([SECRET, SPECS.ES256], 'mixed')
    assertRefused([SPECS.ES256, SPECS.RS256, SECRET], 'mixed')
  })

  test('ALG-16 a secret cannot be offered for another algorithm than HS256', () => {
    for (const alg of ['HS384', 'HS512', 'none']) {
      assertRefused([SECRET, { kty: 'oct', k: encode(SECRET), alg }], 'keys[1]', 'HS256')
    }
  })
})

describe('jwks', () => {
  test('KEY-17 lists the public members of all keys, the current first', () => {
    const ring = createKeyRing([SPECS.ES256, createPublicKey(SPECS.RS256), SPECS.EdDSA]).trusted
    const { keys } = ring.jwks()
    assert.deepEqual(
      keys.map(({ kid, alg, use }) => [kid, alg, use]),
      ring.keys.map(({ kid, alg }) => [kid, alg, 'sig']),
    )
    for (const key of keys) {
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'key_ops']) {
        assert.ok(!(name in key), name)
      }
      assert.ok(createPublicKey({ key: { ...key }, format: 'jwk' }))
    }
  })

  test('KEY-17 R30 secrets are never listed', () => {
    assert.throws(() => createKeyRing([SECRET, randomSecret()]).trusted.jwks(), {
      code: 'invalid_option',
      message: /symbolon keygen/,
    })
  })
})

test('KEY-25 a ring prints nothing, and what it trusts as kids and algorithms', () => {
  const living = createKeyRing([SPECS.ES256, SPECS.EdDSA])
  assert.deepEqual([JSON.stringify(living), inspect(living)], ['{}', 'KeyRing {}'])
  const ring = living.trusted
  const shown = ring.keys.map(({ kid, alg }) => ({ kid, alg }))
  assert.deepEqual(JSON.parse(JSON.stringify(ring)), { keys: shown })
  assert.deepEqual(structuredClone(ring), { keys: shown })
  assert.equal(
    inspect(ring, { depth: null, breakLength: Infinity }),
    `TrustedKeys { keys: [ ${ring.keys.map((key) => inspect(key)).join(', ')} ] }`,
  )
  const secret = inspect(createKeyRing(SECRET).trusted, { depth: null, showHidden: true })
  assert.ok(!secret.includes(SECRET) && !secret.includes(encode(SECRET)))
  assert.ok(Object.isFrozen(ring) && Object.isFrozen(ring.keys))
})
