import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { NOW_MS, SECRET, SPECS, randomSecret } from './fixtures.ts'
import { at, DAY, HOUR, LIVES, MINUTE, newKey, ringText } from './rings.ts'

const signing = { key: newKey('a'), signsFrom: at(-DAY) }

function assertRefused(text: string, ...words: string[]): void {
  assert.throws(
    () => createKeyRing(text, { now: () => NOW_MS, lives: LIVES }),
    (error: unknown) =>
      error instanceof SessionError &&
      error.code === 'invalid_key' &&
      words.every((word) => error.message.includes(word)),
    `${words.join(' ')}: ${text.slice(0, 80)}`,
  )
}

describe('the text of a ring', () => {
  test('R20 keys are JWKs, PEM texts or secrets', () => {
    for (const key of [newKey('a'), SPECS.ES256, SPECS.RS256, SPECS.EdDSA, SECRET]) {
      const ring = createKeyRing(ringText({ key, signsFrom: at(0) }), { now: () => NOW_MS })
      assert.equal(ring.trusted.keys.length, 1)
    }
  })

  test('R20 it is told from a JWK, and from a secret that begins with a brace', () => {
    assert.equal(createKeyRing(JSON.stringify(newKey('a'))).trusted.current.kid, 'a')
    assert.throws(() => createKeyRing('{not json, but long enough for a secret}'), /not JSON/)
    assert.throws(() => createKeyRing([ringText(signing), SECRET]), { code: 'invalid_key' })
  })

  test('KEY-11 KEY-10 ALG-15 what no list may hold, no ring may', () => {
    assertRefused(ringText(signing, signing), 'same kid')
    assertRefused(ringText(signing, { key: randomSecret() }), 'mixed')
    assertRefused(ringText(), 'no key of the ring signs')
    assertRefused(ringText({ key: newKey('a') }), 'no key of the ring signs')
    assertRefused(ringText({ ...signing, burned: at(0) }), 'no key of the ring signs')
    const publicKey = createPublicKey(SPECS.ES256).export({ format: 'jwk' })
    assertRefused(ringText({ key: publicKey, signsFrom: at(0) }), 'keys[0]', 'private part')
    assertRefused(ringText(signing, { key: 'short' }), 'keys[1]', '32 bytes')
  })

  test('a misspelt member or time is told, not ignored', () => {
    const wrong = (more: object): string => ringText(signing, { key: newKey('b'), ...more })
    assertRefused(wrong({ signFrom: at(0) }), 'keys[1]', 'unknown member')
    for (const time of [
      '2033-05-18',
      '2033-05-18T03:33:20',
      '2033-05-18T03:33:20+02:00',
      'soon',
      1,
      null,
    ]) {
      assertRefused(wrong({ signsFrom: time }), 'keys[1]', 'signsFrom')
    }
    assertRefused(wrong({ opensUntil: '2033-13-18T03:33:20Z' }), 'opensUntil')
    assertRefused('{"keys":[{"kty":"EC"}]}', 'keys[0]', 'JWKS')
    assertRefused('{"keys":[null]}', 'keys[0]')
    assertRefused('{"keys":{}}', 'not JSON of the form')
  })

  test('LOG-03 no message quotes the text', () => {
    const key = newKey('a') as Record<string, string>
    for (const text of [
      ringText({ key, signsFrom: 'now' }),
      ringText({ key: { ...key, alg: 'HS256' }, signsFrom: at(0) }),
      ringText({ key }).slice(0, -1),
    ]) {
      assert.throws(
        () => createKeyRing(text),
        (error: Error) => !`${error.message} ${error.stack}`.includes(key['d'] as string),
      )
    }
  })
})

describe('R21 times that would refuse tokens or sessions that live', () => {
  const ring = (publishedFor: number, opensFor: number): string =>
    ringText(
      { ...signing, publishedUntil: at(publishedFor), opensUntil: at(opensFor) },
      { key: newKey('b'), signsFrom: at(0) },
    )

  test('a key stays published for tokenLife and 20 minutes after its last signature', () => {
    const opens = LIVES.idle + LIVES.tokenLife
    assertRefused(ring(35 * MINUTE - 1, opens), 'withdraws key a', 'publishedUntil')
    assertRefused(ring(HOUR, opens - 1), 'gives up key a', 'opensUntil')
    assert.ok(createKeyRing(ring(35 * MINUTE, opens), { now: () => NOW_MS, lives: LIVES }))
  })

  test('it depends on how long the app lets its tokens live', () => {
    const lives = { tokenLife: DAY, idle: 14 * DAY }
    assert.throws(() => createKeyRing(ring(HOUR, 30 * DAY), { lives }), /withdraws key a/)
  })

  test('a burned key is withdrawn at once', () => {
    const burned = { ...signing, burned: at(0), publishedUntil: at(0), opensUntil: at(1) }
    const text = ringText(burned, { key: newKey('b'), signsFrom: at(0) })
    assert.ok(createKeyRing(text, { now: () => NOW_MS, lives: LIVES }))
  })
})
