import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { describe, mock, test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { SessionError } from '../../src/errors.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { type Algorithm, importKey } from '../../src/token/key.ts'
import { createTokens } from '../../src/token/token.ts'
import { contents, KEYS, SPECS } from './fixtures.ts'

type Pair = Exclude<Algorithm, 'HS256'>
type Signer = (bytes: Uint8Array) => Promise<Uint8Array>

const HASHES = { ES256: 'sha256', RS256: 'sha256', EdDSA: null } as const

/** What a KMS is to us: it has the private key, and answers later. */
function kms(alg: Pair, dsaEncoding: 'der' | 'ieee-p1363' = 'der'): Signer {
  const key = createPrivateKey(SPECS[alg])
  return async (bytes) => sign(HASHES[alg], bytes, { key, dsaEncoding })
}

function tokensBy(alg: Pair, signer: Signer): ReturnType<typeof createTokens> {
  const ring = createKeyRing({ public: createPublicKey(SPECS[alg]), sign: signer })
  return createTokens({ ring, sessionField: 'sk' })
}

describe('R23 a key that is kept in a KMS', () => {
  for (const [alg, encoding] of [
    ['ES256', 'der'],
    ['ES256', 'ieee-p1363'],
    ['RS256', 'der'],
    ['EdDSA', 'der'],
  ] as const) {
    test(`signs ${alg}, by ${encoding}, as the same key at hand does`, async () => {
      const tokens = tokensBy(alg, kms(alg, encoding))
      const token = await tokens.issue(contents())
      assert.equal(tokens.size(contents()), token.length)
      assert.equal(typeof tokens.read(token), 'object')
      const { trusted } = createKeyRing(SPECS[alg])
      const jwks = createLocalJWKSet(trusted.jwks())
      const { protectedHeader } = await jwtVerify(token, jwks, { currentDate: new Date(2e12) })
      assert.deepEqual(protectedHeader, { alg, kid: KEYS[alg].kid, typ: 'JWT' })
    })
  }

  test('ECDSA in DER of every length is read', async () => {
    const tokens = tokensBy('ES256', kms('ES256'))
    for (let index = 0; index < 300; index++) {
      const token = await tokens.issue(contents({ userId: String(index) }))
      assert.equal(typeof tokens.read(token), 'object')
    }
  })

  test('what is no signature by its public key makes no token', async () => {
    const other = createPrivateKey(SPECS.RS256)
    const answers: unknown[] = [
      ...[0, 1, 5, 63, 64, 65, 70, 72, 256].map((length) => randomBytes(length)),
      ...[0, 1, 5, 63, 65, 70, 72].map((length) => Buffer.alloc(length, 0xff)),
      sign('sha256', Buffer.from('another text'), SPECS.ES256),
      sign('sha256', Buffer.from('text'), other),
      undefined,
      null,
      'text',
      {},
    ]
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      for (const answer of answers) {
        await assert.rejects(
          async () => await tokensBy(alg, async () => answer as Uint8Array).issue(contents()),
          (error: unknown) => error instanceof SessionError && error.code === 'keys_unavailable',
        )
      }
    }
  })

  test('its failure is the cause of ours, whether thrown or rejected', async () => {
    const failure = new Error('AccessDeniedException')
    const signers: Signer[] = [
      () => Promise.reject(failure),
      () => {
        throw failure
      },
    ]
    for (const signer of signers) {
      await assert.rejects(async () => await tokensBy('ES256', signer).issue(contents()), {
        code: 'keys_unavailable',
        cause: failure,
        status: 500,
      })
    }
  })

  test('KEY-05 it may not keep a request waiting for more than five seconds', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const issued = tokensBy('ES256', () => new Promise(() => {})).issue(contents())
    const refused = assert.rejects(Promise.resolve(issued), { code: 'keys_unavailable' })
    mock.timers.tick(5000)
    await refused
    mock.timers.reset()
  })

  test('KEY-10 it needs a public key and a function', () => {
    const signer = kms('ES256')
    for (const spec of [
      { public: SPECS.ES256, sign: signer },
      { public: SPECS.HS256, sign: signer },
      { public: createPublicKey(SPECS.ES256), sign: 'arn:aws:kms' },
    ]) {
      assert.throws(() => importKey(spec as never), { code: 'invalid_key' })
    }
  })

  test('tokens of keys at hand are there at once', () => {
    for (const spec of Object.values(SPECS)) {
      const tokens = createTokens({ ring: createKeyRing(spec), sessionField: 'sk' })
      assert.equal(typeof tokens.issue(contents()), 'string')
    }
  })
})
