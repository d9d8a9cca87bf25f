import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeUtf8, parseStrictObject, splitCompact } from '../../src/token/compact.ts'
import type { Jwk } from '../../src/token/jwk.ts'
import { fromBase64url } from '../../src/verify/bytes.ts'
import { importPublicKeys } from '../../src/verify/public-keys.ts'
import { type VerifyingKey, importSecrets } from '../../src/verify/verifying-key.ts'
import { needsVectors, readVectors } from '../support/vectors.ts'

interface JwsGroup {
  readonly comment: string
  readonly private: Jwk & { keys?: Jwk[] }
  readonly public?: Jwk & { keys?: Jwk[] }
  readonly tests: readonly { tcId: number; jws: unknown; result: string }[]
}

/** The vectors' kids have dashes, dots and @, which a key of ours may not; the name is not the point. */
const renamed = (kid: unknown): string | undefined =>
  typeof kid === 'string' ? kid.replaceAll(/\W/g, '_') : undefined

/** The keys of a group; undefined if they are refused. */
async function importAll(group: JwsGroup): Promise<readonly VerifyingKey[] | undefined> {
  const { keys = [group.public ?? group.private] } = group.public ?? group.private
  try {
    // A secret has no name here but its fingerprint: the one that a group holds is the one meant.
    if (group.public === undefined) {
      return await importSecrets(keys.map(({ k = '' }) => fromBase64url(k)))
    }
    return await importPublicKeys(keys.map((key) => ({ ...key, kid: renamed(key.kid) })))
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'invalid_key', String(error))
    return undefined
  }
}

async function isValid(keys: readonly VerifyingKey[], jws: unknown): Promise<boolean> {
  const compact = splitCompact(jws)
  if (typeof compact === 'string') return false
  const header = parseStrictObject(decodeUtf8(fromBase64url(compact.header)) ?? '')
  if (header === undefined) return false
  if (Object.keys(header).some((name) => !['alg', 'kid', 'typ'].includes(name))) return false
  const named = keys.find(({ kid }) => kid === renamed(header['kid']))
  const key = keys[0]?.alg === 'HS256' ? keys[0] : named
  if (key?.alg !== header['alg'] || key === undefined) return false
  return key.verify(compact.signedText, compact.signature)
}

describe('VEC-01 Wycheproof on Web Crypto', needsVectors(), () => {
  test('VEC-01 what is accepted of 401 signatures is labelled valid, or a known erratum', async () => {
    const groups: JwsGroup[] = readVectors('wycheproof/json_web_signature_test.json').testGroups
    const accepted: number[] = []
    const valid: number[] = []
    let count = 0
    for (const group of groups) {
      const keys = await importAll(group)
      for (const { tcId, jws, result } of group.tests) {
        count++
        if (result === 'valid') valid.push(tcId)
        if (keys !== undefined && (await isValid(keys, jws))) accepted.push(tcId)
      }
    }
    assert.equal(count, 401)
    // What the app accepts and refuses, and why: see test/token/wycheproof.test.ts.
    assert.equal(accepted.length, 19)
    assert.deepEqual(
      accepted.filter((tcId) => !valid.includes(tcId)),
      [367, 370],
    )
    const algorithmsNotOffered = [
      264, 265, 266, 267, 268, 269, 270, 271, 272, 273, 274, 275, 287, 288, 320, 321, 322, 323, 325,
      326, 327, 328, 346, 347, 350, 351,
    ]
    assert.deepEqual(
      valid.filter((tcId) => !accepted.includes(tcId)),
      [259, ...algorithmsNotOffered, 372, 373],
    )
  })

  interface Test {
    readonly tcId: number
    readonly msg: string
    readonly sig: string
    readonly result: 'valid' | 'invalid' | 'acceptable'
  }

  /** A token is ASCII: messages of other bytes cannot be said to the verifier. */
  const isAscii = ({ msg }: Test): boolean => Buffer.from(msg, 'hex').every((byte) => byte < 0x80)

  for (const [name, decisive] of [
    ['ecdsa_secp256r1_sha256_p1363', 262],
    ['ed25519', 84],
    // One more than in the app, which refuses keys of exponent 3 before they sign anything.
    ['rsa_signature_2048_sha256', 257],
  ] as const) {
    test(`VEC-03 ${name}: ${decisive} as labelled`, async () => {
      const groups = readVectors(`wycheproof/primitives/${name}_test.json`).testGroups as {
        publicKeyPem: string
        tests: Test[]
      }[]
      let count = 0
      for (const { publicKeyPem, tests } of groups) {
        const [key] = await importPublicKeys(publicKeyPem)
        for (const example of tests.filter(isAscii)) {
          if (example.result === 'acceptable') continue
          const signature = Buffer.from(example.sig, 'hex').toString('base64url')
          const verified = await key!.verify(Buffer.from(example.msg, 'hex').toString(), signature)
          assert.equal(verified, example.result === 'valid', `tcId ${example.tcId}`)
          count++
        }
      }
      assert.equal(count, decisive)
    })
  }
})
