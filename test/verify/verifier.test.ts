import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import {
  type VerifiableRequest,
  type VerifierOptions,
  createVerifier,
  defineFields,
} from '../../src/verify/index.ts'
import {
  ALGORITHMS,
  ID,
  KEYS,
  NOW,
  NOW_MS,
  SECRET,
  SESSION,
  SPECS,
  contents,
  forge,
  localTokens,
} from '../token/fixtures.ts'
import { Clock, ISSUER, issuerOf, verifierOf } from './fixtures.ts'

const token = issuerOf('ES256').issue(contents())
const verify = verifierOf('ES256')
const claims = { sub: '7', uid: 7, r: ['admin'] }

describe('where the token is looked for', () => {
  const cookie = `a=1; __Host-session=${token}; b=2`

  test('R31 a Request, an IncomingMessage, a Cookie header, a token', async () => {
    const requests: VerifiableRequest[] = [
      new Request('https://service.example', { headers: { cookie } }),
      { headers: { cookie } },
      { headers: { cookie: ['a=1', `__Host-session=${token}`] } },
      { cookie },
      { token },
    ]
    for (const request of requests) assert.deepEqual(await verify(request), claims)
  })

  test('CKI-11 CKI-18 nothing else of the request is', async () => {
    const other = { authorization: `Bearer ${token}`, cookie: `__host-session=${token}` }
    const requests = [
      { headers: {} },
      { headers: other },
      { headers: { get: 'sent by a client', cookie: undefined } },
      { headers: {}, cookie, token, cookies: { '__Host-session': token } },
      { cookie: undefined },
      { cookie: '' },
      { cookie: null },
      { token: undefined },
    ]
    for (const request of requests) {
      assert.deepEqual(await verify.check(request as never), { reason: 'missing' })
    }
    assert.deepEqual(await verify({ headers: { get: 'sent', cookie } as never }), claims)
  })

  test('R31 CKI-01 CKI-03 two cookies of the name are none, whatever they hold', async () => {
    for (const other of [token, 'x', '', issuerOf('ES256').issue(contents({ id: ID.slice(1) }))]) {
      for (const pair of [
        [token, other],
        [other, token],
      ]) {
        const both = pair.map((value) => `__Host-session=${value}`).join('; ')
        assert.deepEqual(await verify.check({ cookie: both }), { reason: 'duplicate' })
      }
    }
  })

  test('R31 the cookie has one name', async () => {
    const named = verifierOf('ES256', { cookie: 'session' })
    assert.deepEqual(await named({ cookie: `session=${token}` }), claims)
    assert.equal(await named({ cookie }), undefined)
  })

  test('CKI-05 CKI-06 CKI-07 CKI-10 CKI-13 hostile spellings are not our cookie', async () => {
    for (const header of [
      `=__Host-session=${token}`,
      `a="x; __Host-session=evil; y"`,
      `$Version=1; __Host-session="${token}"; $Path=/`,
      `\u00a0__Host-session=${token}`,
      `__Host%2Dsession=${token}`,
      `__Host-session=${token.replace('e', '%65')}`,
      `__Host-session=s:${token}`,
      '__Host-session=%E0%A4%A',
    ]) {
      assert.equal(await verify({ cookie: header }), undefined, header)
    }
  })
})

describe('what is believed', () => {
  test('CLM-30 iss is exactly the issuer', async () => {
    for (const issuer of [`${ISSUER}/`, 'https://app.example.evil', 'https://APP.example']) {
      const other = verifierOf('ES256', { issuer })
      assert.deepEqual(await other.check({ token }), { reason: 'issuer' })
    }
  })

  test('CLM-32 CLM-33 CLM-36 aud is what is configured, and absent if nothing is', async () => {
    const ours = verifierOf('ES256', { audience: 'api' })
    const forApi = issuerOf('ES256', { audience: 'api' }).issue(contents())
    assert.deepEqual(await ours({ token: forApi }), claims)
    assert.deepEqual(await ours.check({ token }), { reason: 'audience' })
    assert.deepEqual(await verify.check({ token: forApi }), { reason: 'audience' })
    const session = { ...SESSION, iss: ISSUER, sub: '7' }
    for (const [aud, reason] of [
      [['web', 'api'], undefined],
      [[], 'audience'],
      ['API', 'audience'],
      [[['api']], 'audience'],
      ['', 'audience'],
      [{}, 'audience'],
    ] as const) {
      const made = forge(KEYS.ES256, JSON.stringify({ ...session, aud }))
      assert.equal((await ours.check({ token: made })).reason, reason, JSON.stringify(aud))
    }
  })

  test('CLM-02 CLM-03 CLM-12 CLM-14 FED-11 times, with a tolerance of 30 seconds', async () => {
    const clock = new Clock()
    const neighbour = verifierOf('ES256', { now: clock.read })
    const reasonAt = async (seconds: number): Promise<unknown> => {
      clock.now = NOW_MS + seconds * 1000
      return (await neighbour.check({ token })).reason
    }
    // Issued at -5, expires at 900.
    assert.equal(await reasonAt(-35), undefined)
    assert.equal(await reasonAt(-35.001), 'early')
    assert.equal(await reasonAt(929.999), undefined)
    assert.equal(await reasonAt(930), 'expired')
    const later = { ...SESSION, iss: ISSUER, sub: '7', nbf: NOW + 31 }
    const notYet = forge(KEYS.ES256, JSON.stringify(later))
    assert.equal((await verify.check({ token: notYet })).reason, 'early')
    const exact = verifierOf('ES256', { tolerance: 0, now: clock.read })
    clock.now = NOW_MS + 899_999
    assert.deepEqual(await exact({ token }), claims)
    clock.pass(1)
    assert.equal((await exact.check({ token })).reason, 'expired')
  })

  test('R31 an expired token says where it is renewed, and nothing else does', async () => {
    const late = { now: () => NOW_MS + 1_000_000 }
    const renewAt = 'https://app.example/refresh'
    assert.deepEqual(await verifierOf('ES256', late).check({ token }), {
      reason: 'expired',
      renewAt: ISSUER,
    })
    assert.equal(
      (await verifierOf('ES256', { ...late, renewAt }).check({ token })).renewAt,
      renewAt,
    )
    const forged = `${token.slice(0, -4)}AAAA`
    assert.deepEqual(await verifierOf('ES256', late).check({ token: forged }), {
      reason: 'signature',
    })
  })

  test('CLM-11 a token may not live longer than the app lets it', async () => {
    assert.deepEqual(await verifierOf('ES256', { tokenLife: '15m' })({ token }), claims)
    const strict = verifierOf('ES256', { tokenLife: '14m' })
    assert.deepEqual(await strict.check({ token }), { reason: 'claims' })
  })

  test('R31 CLM-23 sk is text that is not empty, as long as an id may be', async () => {
    const session = { ...SESSION, iss: ISSUER, sub: '7' }
    for (const sk of [undefined, '', null, 7, [ID], {}, 'x'.repeat(256), 'a\r\nb', 'a\0']) {
      const made = forge(KEYS.ES256, JSON.stringify({ ...session, sk }))
      assert.equal((await verify.check({ token: made })).reason, 'claims', JSON.stringify(sk))
    }
    for (const sk of ['1', 'any text/of genid', 'x'.repeat(255)]) {
      const made = forge(KEYS.ES256, JSON.stringify({ ...session, sk }))
      assert.deepEqual(await verify({ token: made }), { sub: '7' })
    }
  })

  test('R31 a session of nobody is nobody', async () => {
    const anonymous = issuerOf('ES256').issue(contents({ userId: undefined }))
    assert.equal(await verify({ token: anonymous }), undefined)
    assert.deepEqual(await verify.check({ token: anonymous }), { reason: 'anonymous' })
  })

  test('R31 the session’s claim may have another name', async () => {
    const ring = createKeyRing(SPECS.ES256)
    const tokens = localTokens({ ring, sessionField: 'sid', issuer: ISSUER })
    const made = tokens.issue(contents())
    assert.deepEqual(await verifierOf('ES256', { sessionField: 'sid' })({ token: made }), claims)
    assert.deepEqual(await verify.check({ token: made }), { reason: 'claims' })
  })

  test('ALG-14 Ed25519 is taken for EdDSA only if that is said', async () => {
    const header = JSON.stringify({ alg: 'Ed25519', kid: KEYS.EdDSA.kid, typ: 'JWT' })
    const payload = JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7' })
    const named = forge(KEYS.EdDSA, payload, header)
    assert.deepEqual(await verifierOf('EdDSA').check({ token: named }), { reason: 'alg' })
    assert.deepEqual(await verifierOf('EdDSA', { acceptEd25519: true })({ token: named }), {
      sub: '7',
    })
    const other = forge(
      KEYS.ES256,
      payload,
      JSON.stringify({ alg: 'Ed25519', kid: KEYS.ES256.kid }),
    )
    const both = verifierOf('ES256', { acceptEd25519: true })
    assert.deepEqual(await both.check({ token: other }), { reason: 'alg' })
  })

  test('R5 CLM-28 fields have their long names too; a claim cannot name the user', async () => {
    const fields = defineFields<{ id: number; r: string[] }>()([['id', 'uid', 'userId'], 'r'])
    const neighbour = createVerifier({
      issuer: ISSUER,
      keys: createKeyRing(SPECS.ES256).trusted.jwks(),
      fields,
      now: () => NOW_MS,
    })
    const auth = await neighbour({ token })
    assert.deepEqual(auth, { ...claims, userId: 7 })
    const odd = '{"constructor":{"prototype":1},"toString":2,"uid":1}'
    const found = await neighbour({ token: issuerOf('ES256').issue(contents({ claims: odd })) })
    assert.deepEqual(found, { ...JSON.parse(odd), userId: 1, sub: '7' })
    assert.equal(({} as { prototype?: unknown }).prototype, undefined)
  })
})

describe('what is remembered', () => {
  test('CCH-03 a remembered token expires', async () => {
    const clock = new Clock()
    const neighbour = verifierOf('ES256', { now: clock.read })
    assert.deepEqual(await neighbour({ token }), claims)
    clock.pass(931_000)
    assert.equal((await neighbour.check({ token })).reason, 'expired')
    clock.pass(-931_000)
    assert.deepEqual(await neighbour({ token }), claims)
  })

  test('CCH-06 claims cannot be changed, at any depth', async () => {
    const auth = (await verify({ token })) as unknown as { r: string[] }
    assert.throws(() => auth.r.push('root'), TypeError)
    assert.throws(() => Object.assign(auth, { admin: true }), TypeError)
    assert.deepEqual(await verify({ token }), claims)
  })

  test('CCH-01 CCH-07 CCH-08 tokens share no entry, however many there are', async () => {
    const small = verifierOf('HS256', { cacheSize: 4 })
    const tokens = issuerOf('HS256')
    for (let index = 0; index < 50; index++) {
      const userId = `user ${index % 7}`
      const made = tokens.issue(contents({ userId, claims: '{}' }))
      assert.deepEqual(await small({ token: made }), { sub: userId })
      assert.equal(await small({ token: `${made}A` }), undefined)
    }
  })

  test('CCH-09 a remembered token opens nothing to its end', async () => {
    await verify({ token })
    for (const text of [token.slice(-16), `x${token}`, `a.a.${token.slice(-16)}`]) {
      assert.equal(await verify({ token: text }), undefined)
    }
  })
})

describe('R20 R31 keys that are given', () => {
  const pem = (alg: 'ES256' | 'RS256' | 'EdDSA'): string =>
    createPublicKey(SPECS[alg]).export({ type: 'spki', format: 'pem' }).toString()

  test('PEM, JWK, JWKS, their texts and CryptoKeys, alone and in a list', async () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      const made = issuerOf(alg).issue(contents())
      const publicKey = createPublicKey(SPECS[alg])
      const jwk = publicKey.export({ format: 'jwk' }) as object
      const jwks = createKeyRing(SPECS[alg]).trusted.jwks()
      const scheme = {
        ES256: { name: 'ECDSA', namedCurve: 'P-256' },
        RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
        EdDSA: { name: 'Ed25519' },
      }[alg]
      const platform = await crypto.subtle.importKey('jwk', jwk, scheme, true, ['verify'])
      const forms = [pem(alg), pem(alg).replaceAll('\n', '\\n'), jwk, JSON.stringify(jwk), jwks]
      for (const keys of [...forms, JSON.stringify(jwks), platform]) {
        for (const given of [keys, [keys]] as VerifierOptions<unknown>['keys'][]) {
          const neighbour = createVerifier({ issuer: ISSUER, keys: given!, now: () => NOW_MS })
          assert.deepEqual(await neighbour({ token: made }), claims)
        }
      }
    }
    const keys = (['ES256', 'RS256', 'EdDSA'] as const).map(pem)
    const all = createVerifier({ issuer: ISSUER, keys, now: () => NOW_MS })
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      assert.deepEqual(await all({ token: issuerOf(alg).issue(contents()) }), claims)
    }
  })

  test('secrets as text and as bytes, several while they are replaced', async () => {
    const other = 'An0ther-Qu1te_Unguessable.Text/For+HMAC'
    const options = { issuer: ISSUER, canAlsoIssue: true, now: () => NOW_MS } as const
    const made = issuerOf('HS256').issue(contents())
    for (const secret of [SECRET, Buffer.from(SECRET), [other, SECRET]]) {
      assert.deepEqual(await createVerifier({ ...options, secret })({ token: made }), claims)
    }
    const foreign = createVerifier({ ...options, secret: other })
    assert.deepEqual(await foreign.check({ token: made }), { reason: 'kid' })
  })

  const wrong: [what: string, options: VerifierOptions<unknown>, code?: string][] = [
    ['no source', { issuer: ISSUER }],
    ['two sources', { issuer: ISSUER, keys: pem('ES256'), app: ISSUER }],
    ['no issuer', { keys: pem('ES256') }],
    ['an issuer that ends a header', { issuer: 'a" b', keys: pem('ES256') }],
    ['a secret that may not issue', { issuer: ISSUER, secret: SECRET }],
    ['RJK-11 http', { issuer: ISSUER, jwksUri: 'http://app.example/jwks.json' }],
    ['RJK-11 http', { app: 'http://app.example' }],
    ['RJK-11 a file', { issuer: ISSUER, jwksUri: 'file:///etc/jwks.json' }],
    ['no address', { app: 'app.example' }],
    ['CLM-17 a tolerance without end', { issuer: ISSUER, keys: pem('ES256'), tolerance: '6m' }],
    ['CLM-17 no tolerance', { issuer: ISSUER, keys: pem('ES256'), tolerance: NaN }],
    ['CLM-17 no tolerance', { issuer: ISSUER, keys: pem('ES256'), tolerance: -1 }],
    ['a misspelt option', { issuer: ISSUER, keys: pem('ES256'), audiance: 'a' } as never],
    ['half a token', { issuer: ISSUER, keys: pem('ES256'), cacheSize: 1.5 }],
    ['another word', { issuer: ISSUER, keys: pem('ES256'), onStale: 'ignore' as never }],
    ['KEY a private PEM', { issuer: ISSUER, keys: SPECS.ES256 }, 'invalid_key'],
    ['KEY a secret as key', { issuer: ISSUER, keys: SECRET }, 'invalid_key'],
    ['KEY an oct JWK', { issuer: ISSUER, keys: { kty: 'oct', k: 'AAAA' } }, 'invalid_key'],
    ['KEY no key', { issuer: ISSUER, keys: [] }, 'invalid_key'],
    ['KEY no text', { issuer: ISSUER, keys: '{' }, 'invalid_key'],
    ['KEY nothing', { issuer: ISSUER, keys: [undefined as never] }, 'invalid_key'],
    [
      'KEY-01 a short secret',
      { issuer: ISSUER, secret: 'short', canAlsoIssue: true },
      'invalid_key',
    ],
    [
      'ALG-07 a public key as secret',
      { issuer: ISSUER, secret: pem('RS256'), canAlsoIssue: true },
      'invalid_key',
    ],
  ]
  for (const [what, options, code = 'invalid_option'] of wrong) {
    test(`${what} is told at construction`, () => {
      assert.throws(
        () => createVerifier(options as VerifierOptions<object>),
        (error) => {
          assert.ok(error instanceof SessionError)
          assert.equal(error.code, code)
          assert.ok(!error.message.includes('BEGIN') && !error.message.includes(SECRET))
          return true
        },
      )
    })
  }

  test('KEY-07 KEY-08 what only Web Crypto can tell is told to who verifies first', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const { x, ...rest } = createPublicKey(SPECS.ES256).export({ format: 'jwk' })
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
    for (const keys of [
      weak.export({ format: 'jwk' }),
      weak.export({ type: 'spki', format: 'pem' }),
      p384.export({ type: 'spki', format: 'pem' }),
      { ...rest, x: x!.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) },
      { ...rest, x, alg: 'ES384' },
      { ...rest, x, use: 'enc' },
      [pem('ES256'), pem('ES256')],
    ] as VerifierOptions<unknown>['keys'][]) {
      const neighbour = createVerifier({ issuer: ISSUER, keys: keys! })
      await assert.rejects(neighbour({ token }), { code: 'invalid_key' })
    }
  })
})

test('LOG-02 R44 a refusal tells nothing of the token', async () => {
  for (const alg of ALGORITHMS) {
    const made = issuerOf(alg).issue(contents())
    for (const text of [`${made.slice(0, -5)}AAAAA`, 'x', `${made}.x`]) {
      const result = JSON.stringify(await verifierOf(alg).check({ token: text }))
      assert.match(result, /^\{"reason":"\w+"\}$/)
    }
  }
})
