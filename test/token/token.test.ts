import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { type GenuineToken, type Tokens } from '../../src/token/token.ts'
import {
  ALGORITHMS,
  ID,
  KEYS,
  NOW,
  NOW_MS,
  SECRET,
  SPECS,
  contents,
  decode,
  tokensOf,
  localTokens,
  encode,
} from './fixtures.ts'

function genuine(tokens: Tokens, token: string): GenuineToken {
  const read = tokens.read(token)
  assert.ok(typeof read === 'object', 'refused')
  return read
}

describe('R4 issue', () => {
  test('R4 the payload names the session, its times, the user, issuer and audience, then the claims', () => {
    const tokens = tokensOf('ES256', { issuer: 'https://app.example', audience: 'api' })
    const claims = '{"uid":7,"org.name":"Zoë \\"& Co\\"","deep":{"a":[1,null,true]}}'
    const token = tokens.issue(contents({ claims, issuedAt: NOW_MS + 999, expires: NOW_MS + 1999 }))
    const [header, payload] = token.split('.')
    assert.equal(header, KEYS.ES256.header)
    assert.equal(
      Buffer.from(payload ?? '', 'base64url').toString(),
      `{"sk":"${ID}","iat":${NOW - 5},"exp":${NOW + 1},"sub":"7","iss":"https://app.example","aud":"api",${claims.slice(1)}`,
    )
  })

  test('FED-14 tokens of the first release are those of this one, byte by byte', () => {
    const payload = encode(
      `{"sk":"${ID}","iat":${NOW - 5},"exp":${NOW + 900},"sub":"7","uid":7,"r":["admin"]}`,
    )
    const header = 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImI4NjE0NThmODIzOGQ2OGQiLCJ0eXAiOiJKV1QifQ'
    const first = `${header}.${payload}.yXPyHPVO1phXbnISjZv-U4LAF5dEOR314SwBugPxMo4`
    assert.equal(tokensOf('HS256').issue(contents()), first)
    assert.equal(genuine(tokensOf('HS256'), first).id, ID)
  })

  test('R4 what is not configured or not bound is not there', () => {
    const token = tokensOf('HS256').issue(contents({ userId: undefined, claims: '{}' }))
    const payload = decode(token.split('.')[1] ?? '')
    assert.deepEqual(payload, { sk: ID, iat: NOW - 5, exp: NOW + 900 })
  })

  test('R4 the session field may have another name', () => {
    const tokens = localTokens({ ring: createKeyRing(SECRET), sessionField: 'sid', cacheSize: 0 })
    const token = tokens.issue(contents())
    assert.equal(decode(token.split('.')[1] ?? '')['sid'], ID)
    assert.equal(genuine(tokens, token).id, ID)
    assert.equal(tokensOf('HS256').read(token), 'claims')
  })

  test('R6 every algorithm’s tokens are read as what they were given', () => {
    for (const alg of ALGORITHMS) {
      const tokens = tokensOf(alg)
      for (const userId of ['7', undefined, 'Zoë "😀" \\']) {
        for (const claims of ['{}', '{"a":1}', '{"ü":"\\u2028","n":-1.5e-7}']) {
          assert.deepEqual(genuine(tokens, tokens.issue(contents({ userId, claims }))), {
            id: ID,
            userId,
            iat: NOW - 5,
            exp: NOW + 900,
            nbf: undefined,
            claims: JSON.parse(claims) as unknown,
            claimsText: JSON.stringify(JSON.parse(claims)),
            kid: KEYS[alg].kid,
            superseded: false,
          })
        }
      }
    }
  })

  test('R4 the claims’ text is byte for byte what issue was given', () => {
    const tokens = tokensOf('HS256')
    const texts = ['{}', '{"1":2,"b":1,"a":{"2":[],"x":{}}}', '{"n":1e+21,"m":1e-7,"z":0.1,"l":""}']
    texts.push(JSON.stringify({ ü: 'Zoë 😀 "\\/\u2028', roles: ['a', 'b'], nothing: null }))
    for (const claims of texts) {
      assert.equal(genuine(tokens, tokens.issue(contents({ claims }))).claimsText, claims)
    }
  })

  test('R19 the size is known without signing', () => {
    for (const alg of ALGORITHMS) {
      const tokens = tokensOf(alg, { issuer: 'https://app.example' })
      for (let length = 0; length < 8; length++) {
        const more = contents({
          claims: JSON.stringify({ ü: 'é'.repeat(length) }),
          userId: 'x'.repeat(length + 1),
        })
        assert.equal(tokens.size(more), tokens.issue(more).length)
      }
    }
  })

  test('R19 the size of each claim is listed, in bytes of JSON', () => {
    const sizes = tokensOf('HS256').claimSizes(contents({ claims: '{"uid":7,"name":"Zoë"}' }))
    assert.deepEqual(Object.fromEntries(sizes), {
      sk: 39,
      iat: 16,
      exp: 16,
      sub: 9,
      uid: 7,
      name: 13,
    })
    const { length } = Buffer.from(JSON.stringify({ uid: 7, name: 'Zoë' }))
    assert.equal(7 + 13 + '{,}'.length, length)
  })

  test('R8 cacheSize must be a whole number', () => {
    for (const cacheSize of [-1, 1.5, NaN, Infinity, '10' as never]) {
      assert.throws(
        () => localTokens({ ring: createKeyRing(SECRET), sessionField: 'sk', cacheSize }),
        {
          code: 'invalid_option',
        },
      )
    }
  })
})

describe('R7 read', () => {
  test('R7 what is no token text is refused with a code', () => {
    const tokens = tokensOf('HS256')
    assert.deepEqual(
      [undefined, 7, '', 'a'.repeat(4097), 'a b', 'aaaa.aaaa', 'aaaa.aaaa.aaaaa'].map((token) =>
        tokens.read(token),
      ),
      ['type', 'type', 'length', 'length', 'encoding', 'format', 'encoding'],
    )
  })

  test('JWS-12 segments of different tokens do not go together', () => {
    for (const alg of ALGORITHMS) {
      const tokens = tokensOf(alg)
      const made = ['{}', '{"a":1}', '{"b":2}'].map((claims) =>
        tokens.issue(contents({ claims })).split('.'),
      )
      for (const [at, [, payload]] of made.entries()) {
        for (const [other, [header, , signature]] of made.entries()) {
          const expected = at === other ? 'object' : 'string'
          assert.equal(typeof tokens.read([header, payload, signature].join('.')), expected)
        }
      }
    }
  })

  test('CLM-20 a wrong signature is told before anything of the payload', () => {
    const tokens = tokensOf('HS256')
    const other = localTokens({
      ring: createKeyRing({ ...jwkOfSecret(), kid: KEYS.HS256.kid }),
      sessionField: 'sk',
    })
    const expired = other.issue(contents({ issuedAt: 10_000, expires: 20_000 }))
    assert.equal(tokens.read(expired), 'signature')
  })

  test('R9 reading knows no time: a genuine token is genuine for ever', () => {
    const tokens = tokensOf('HS256')
    for (const issuedAt of [10_000, NOW_MS, 200_000_000_000_000]) {
      const token = tokens.issue(contents({ issuedAt, expires: issuedAt + 1000 }))
      assert.equal(genuine(tokens, token).id, ID)
    }
  })

  test('R15 a token from before the app had an issuer still names its session, and is replaced', () => {
    const before = tokensOf('HS256').issue(contents())
    const read = tokensOf('HS256', { issuer: 'https://a' }).read(before)
    assert.ok(typeof read === 'object' && read.superseded)
  })

  test('CLM-31 CLM-36 tokens of another issuer or audience under one key are refused', () => {
    const ours = tokensOf('HS256', { issuer: 'https://a', audience: 'api' })
    assert.equal(
      ours.read(tokensOf('HS256', { issuer: 'https://b', audience: 'api' }).issue(contents())),
      'issuer',
    )
    assert.equal(
      ours.read(tokensOf('HS256', { issuer: 'https://a', audience: 'web' }).issue(contents())),
      'audience',
    )
    assert.equal(
      ours.read(tokensOf('HS256', { issuer: 'https://a' }).issue(contents())),
      'audience',
    )
    assert.equal(tokensOf('HS256').read(ours.issue(contents())), 'audience')
  })

  test('CCH-06 CLM-28 what is read is frozen, at every depth', () => {
    const tokens = tokensOf('HS256')
    const read = genuine(
      tokens,
      tokens.issue(contents({ claims: '{"a":{"b":[{"c":1}]},"d":[[1]]}' })),
    )
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      assert.ok(Object.isFrozen(value))
      Object.values(value).forEach(visit)
    }
    visit(read)
    assert.throws(() => Object.assign(read.claims, { admin: true }), TypeError)
  })

  test('R4 the app’s claims hold no registered claim', () => {
    const tokens = tokensOf('HS256', { issuer: 'https://a', audience: 'b' })
    assert.deepEqual(Object.keys(genuine(tokens, tokens.issue(contents())).claims), ['uid', 'r'])
  })

  test('JWS-20 an ECDSA signature’s twin names the same session', () => {
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const tokens = localTokens({ ring: createKeyRing(SPECS.ES256), sessionField: 'sk' })
    const token = tokens.issue(contents())
    const [header, payload, signature = ''] = token.split('.')
    const bytes = Buffer.from(signature, 'base64url')
    const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    bytes.write((n - s).toString(16).padStart(64, '0'), 32, 'hex')
    const twin = [header, payload, bytes.toString('base64url')].join('.')
    assert.notEqual(twin, token)
    assert.deepEqual(genuine(tokens, twin), genuine(tokens, token))
  })
})

function jwkOfSecret(): { kty: string; k: string } {
  return {
    kty: 'oct',
    k: Buffer.from('Another-Qu1te_Unguessable.Text/For+HMAC').toString('base64url'),
  }
}
