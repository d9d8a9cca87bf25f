import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { sessionHash } from '../../src/session-names.ts'
import type { Algorithm } from '../../src/token/key.ts'
import { bitFlips, mutants } from '../support/mutants.ts'
import { ALGORITHMS, ID, KEYS, NOW, NOW_MS, SESSION, contents, forge } from '../token/fixtures.ts'
import { ISSUER, issuerOf, verifierOf } from './fixtures.ts'

/** The app's read is the oracle: what it calls genuine, unexpired and somebody's is believed. */
async function assertAgrees(alg: Algorithm, token: string): Promise<void> {
  const read = issuerOf(alg).read(token)
  const { claims, reason, ...found } = await verifierOf(alg).check({ token })
  if (typeof read === 'string') return assert.equal(reason, read)
  if (NOW >= read.exp + 30) return assert.equal(reason, 'expired')
  if (Math.max(read.iat, read.nbf ?? 0) > NOW + 30) return assert.equal(reason, 'early')
  if (read.userId === undefined) return assert.equal(reason, 'anonymous')
  assert.deepEqual(claims, { ...read.claims, sub: read.userId })
  assert.deepEqual(found, { session: sessionHash(read.id), expires: read.exp * 1000 })
}

const claimsTexts = fc
  .dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), {
    maxKeys: 5,
  })
  .map((claims) => JSON.stringify(claims))

describe('agreement with the app', () => {
  for (const alg of ALGORITHMS) {
    test(`R8 ${alg} whatever the app issues means the same here`, async () => {
      const tokens = issuerOf(alg)
      const arbitrary = {
        id: fc.stringMatching(/^[\w-]{16,40}$/),
        userId: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
        claims: claimsTexts,
        issuedAt: fc.integer({ min: NOW_MS - 2_000_000, max: NOW_MS + 100_000 }),
        expires: fc.integer({ min: NOW_MS - 100_000, max: NOW_MS + 1_000_000 }),
      }
      await fc.assert(
        fc.asyncProperty(fc.record(arbitrary), async (made) => {
          await assertAgrees(alg, tokens.issue(made))
        }),
        { numRuns: alg === 'RS256' ? 100 : 300 },
      )
    })

    test(`R7 ${alg} right-key tokens of every wrong form are refused for the same reason`, async () => {
      const key = KEYS[alg]
      const session = JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7' })
      const and = (text: string): string => `${session.slice(0, -1)},${text}}`
      const payloads = [
        session,
        and('"exp":2000000901'),
        and('"a":{"b":1,"b":2}'),
        and('"__proto__":{"admin":true}'),
        and('"nbf":"1"'),
        and('"aud":"other"'),
        and(`"a":${'['.repeat(16)}${']'.repeat(16)}`),
        and('"\\ud800":1'),
        session.replace(ISSUER, `${ISSUER}/`),
        session.replace(ISSUER, 'https://app.example.evil'),
        session.replace(`"${ISSUER}"`, `["${ISSUER}"]`),
        session.replace(',"sub":"7"', ',"sub":7'),
        session.replace(String(SESSION.exp), '1e300'),
        session.replace(String(SESSION.exp), `${SESSION.exp}.5`),
        session.replace(String(SESSION.exp), String(NOW - 5)),
        session.replace(String(SESSION.exp), String(SESSION.exp * 1000)),
        `[${session}]`,
        `\ufeff${session}`,
        Buffer.from(and('"a":"\xff"'), 'latin1'),
        `${session}${session}`,
        'null',
      ]
      for (const payload of payloads) await assertAgrees(alg, forge(key, payload))
      // In the app it still names its session; whose word it is, a neighbour cannot know.
      const nameless = forge(key, session.replace(`,"iss":"${ISSUER}"`, ''))
      assert.equal((await verifierOf(alg).check({ token: nameless })).reason, 'issuer')
    })

    test(`ALG-01 ALG-04 ALG-06 ALG-11 ALG-21 JWS-40 ${alg} so are right-key tokens of every wrong header`, async () => {
      const { kid } = KEYS[alg]
      const own = { alg, kid, typ: 'JWT' }
      const session = JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7' })
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
      const headers = [
        ...['none', 'None', '', null, 0, [alg], '__proto__', 'toString', 'HS384', 'PS256'].map(
          (other) => ({ ...own, alg: other }),
        ),
        ...ALGORITHMS.filter((other) => other !== alg).map((other) => ({ ...own, alg: other })),
        ...['', null, 7, [kid], '../../etc/passwd', '__proto__', kid.slice(1)].map((other) => ({
          ...own,
          kid: other,
        })),
        ...['jwt', 'at+jwt', 'revocations+jwt', 1, null].map((typ) => ({ ...own, typ })),
        { ...own, crit: ['x'], x: 1 },
        { ...own, b64: false },
        { ...own, jwk },
        { ...own, jku: 'http://127.0.0.1/' },
        { ...own, x5c: ['AAAA'] },
        { ...own, zip: 'DEF' },
        { ...own, pad: 'x'.repeat(1024) },
        [own],
      ]
      const verifier = verifierOf(alg)
      for (const header of headers) {
        const token = forge(KEYS[alg], session, JSON.stringify(header))
        const { reason } = await verifier.check({ token })
        assert.ok(['alg', 'kid', 'header'].includes(String(reason)), JSON.stringify(header))
        assert.equal(typeof issuerOf(alg).read(token), 'string')
      }
      const twice = forge(KEYS[alg], session, `{"alg":"none",${JSON.stringify(own).slice(1)}`)
      assert.equal((await verifier.check({ token: twice })).reason, 'header')
    })

    test(`R7 ${alg} other holders may order the header otherwise, and leave out typ`, async () => {
      const { kid } = KEYS[alg]
      const session = JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7' })
      for (const header of [
        { typ: 'JWT', kid, alg },
        { kid, alg },
      ]) {
        const token = forge(KEYS[alg], session, JSON.stringify(header))
        assert.deepEqual(await verifierOf(alg)({ token }), { sub: '7' })
      }
    })
  }
})

describe('mutants of a genuine token', () => {
  /** So many at once keep the platform's threads busy. */
  const BATCH = 500

  async function assertAllRefused(alg: Algorithm, texts: Iterable<string>): Promise<number> {
    const verifier = verifierOf(alg, { cacheSize: 0 })
    let count = 0
    for (const batch of batches(texts)) {
      const results = await Promise.all(batch.map((token) => verifier.check({ token })))
      const accepted = results.findIndex(({ reason }) => reason === undefined)
      assert.equal(accepted, -1, `accepted: ${JSON.stringify(batch[accepted])}`)
      count += batch.length
    }
    return count
  }

  function* batches(texts: Iterable<string>): Generator<string[]> {
    let batch: string[] = []
    for (const text of texts) {
      batch.push(text)
      if (batch.length < BATCH) continue
      yield batch
      batch = []
    }
    yield batch
  }

  for (const alg of ALGORITHMS) {
    test(`JWS-09 JWS-10 ${alg} no text one edit or one bit away is accepted`, async () => {
      const short = contents({ id: ID.slice(0, 16), userId: '7', claims: '{}' })
      const token = issuerOf(alg).issue(short)
      // All of them for the algorithm that keygen makes keys of, every fourth for the others.
      const stride = alg === 'ES256' ? 1 : 4
      const edits = [...mutants(token)].filter((text, at) => text !== token && at % stride === 0)
      const count = await assertAllRefused(alg, edits)
      assert.ok(count >= (token.length * 150) / stride, String(count))
      await assertAllRefused(alg, bitFlips(token))
      assert.deepEqual(await verifierOf(alg)({ token }), { sub: '7' })
    })
  }
})
