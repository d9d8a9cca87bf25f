import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { jwtVerify } from 'jose'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { type GenuineToken } from '../../src/token/token.ts'
import {
  ALGORITHMS,
  KEYS,
  NOW_MS,
  SECRET,
  SPECS,
  TOKEN_CHARACTERS,
  contents,
  encode,
  tokensOf,
  localTokens,
} from './fixtures.ts'

describe('fuzz', () => {
  const remembering = ALGORITHMS.map((alg) => {
    return localTokens({ ring: createKeyRing(SPECS[alg]), sessionField: 'sk' })
  })
  const issued = remembering.map((tokens) => tokens.issue(contents()))

  /** Each app accepts the token it issued and nothing else, and never fails in another way. */
  function assertOnlyIssued(value: unknown): void {
    for (const [at, tokens] of remembering.entries()) {
      assert.equal(typeof tokens.read(value) === 'object', value === issued[at])
    }
  }

  test('JWS-02 any value at all is refused with a code', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), assertOnlyIssued),
    )
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), assertOnlyIssued))
  })

  test('R7 texts made of the pieces of tokens are refused unless they are one', () => {
    const pieces = issued.flatMap((token) => [token, ...token.split('.')])
    const piece = fc.oneof(
      fc.constantFrom(...pieces, '.', '', 'e30', 'bnVsbA', encode('{"alg":"none"}')),
      fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), maxLength: 8 }),
      fc.json({ maxDepth: 3 }).map(encode),
    )
    const joined = fc.array(piece, { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(joined, fc.constantFrom('.', ''), (parts, dot) =>
        assertOnlyIssued(parts.join(dot)),
      ),
    )
  })

  test('R7 several edits anywhere are no better than one', () => {
    const edit = fc.tuple(
      fc.nat(),
      fc.nat(3),
      fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), maxLength: 3 }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...issued),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (token, edits) => {
          let text = token
          for (const [at, cut, put] of edits) {
            const place = at % (text.length + 1)
            text = text.slice(0, place) + put + text.slice(place + cut)
          }
          assertOnlyIssued(text)
        },
      ),
    )
  })

  test('R4 whatever is issued is read as it was given', () => {
    const name = fc
      .stringMatching(/^[a-z]{1,8}$/)
      .filter((text) => !['sk', 'exp', 'iat', 'nbf', 'sub', 'iss', 'aud', 'jti'].includes(text))
    const claims = fc.dictionary(name, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
    const userId = fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), {
      nil: undefined,
    })
    const id = fc.stringMatching(/^[\w-]{16,40}$/)
    fc.assert(
      fc.property(fc.nat(3), id, userId, claims, fc.nat(10 ** 12), (at, sk, user, more, age) => {
        const text = JSON.stringify(more)
        const issuedAt = NOW_MS - age
        const given = { id: sk, userId: user, claims: text, issuedAt, expires: issuedAt + 900_000 }
        const tokens = remembering[at] ?? assert.fail()
        const token = tokens.issue(given)
        if (
          token.length > 4096 ||
          Object.values(more).some((value) => JSON.stringify(value).length > 2048)
        )
          return
        const read = tokens.read(token)
        assert.ok(typeof read === 'object')
        assert.deepEqual(
          [read.id, read.userId, read.claimsText, read.iat],
          [sk, user, JSON.stringify(JSON.parse(text)), Math.floor(issuedAt / 1000) - 5],
        )
      }),
    )
  })
})

describe('VEC-14 whatever is accepted here is accepted by another library', () => {
  for (const alg of ALGORITHMS) {
    test(`VEC-14 ${alg} jose reads the same claims`, async () => {
      const key = alg === 'HS256' ? Buffer.from(SECRET) : createPublicKey(SPECS[alg])
      const tokens = tokensOf(alg, { issuer: 'https://app.example', audience: 'api' })
      for (const claims of [
        '{}',
        '{"uid":7,"r":["a"]}',
        '{"ü":"😀\\u2028","n":1e-7,"o":{"a":[null]}}',
      ]) {
        for (const userId of [undefined, '7']) {
          const token = tokens.issue(contents({ claims, userId }))
          const ours = tokens.read(token) as GenuineToken
          const { payload, protectedHeader } = await jwtVerify(token, key, {
            algorithms: [alg],
            issuer: 'https://app.example',
            audience: 'api',
            typ: 'JWT',
            currentDate: new Date(NOW_MS),
          })
          const { sk, iat, exp, sub, iss: _iss, aud: _aud, ...rest } = payload
          assert.deepEqual([sk, iat, exp, sub], [ours.id, ours.iat, ours.exp, ours.userId])
          assert.deepEqual(rest, ours.claims)
          assert.deepEqual(protectedHeader, { alg, kid: KEYS[alg].kid, typ: 'JWT' })
        }
      }
    })
  }
})
