import assert from 'node:assert/strict'
import { type JsonWebKey, createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { decodeUtf8, parseStrictObject, splitCompact } from '../../src/token/compact.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { Key, type KeySpec, importKey } from '../../src/token/key.ts'
import { secretSigning } from '../../src/token/signing.ts'
import { needsVectors, readVectors } from '../support/vectors.ts'

type Outcome = 'accepted' | 'refused' | 'key refused'

interface JwsGroup {
  readonly comment: string
  readonly private: JsonWebKey & { keys?: JsonWebKey[] }
  readonly public?: JsonWebKey & { keys?: JsonWebKey[] }
  readonly tests: readonly { tcId: number; comment: string; jws: unknown; result: string }[]
}

/** The vectors' kids have dashes, dots and @, which a key of ours may not; the name is not the point. */
function renamed(kid: unknown): string | undefined {
  return typeof kid === 'string' ? kid.replaceAll(/\W/g, '_') : undefined
}

/** The keys of a group; undefined if they are refused. */
function importAll(group: JwsGroup): readonly Key[] | undefined {
  const { keys = [group.public ?? group.private] } = group.public ?? group.private
  const specs = keys.map((key) => ({ ...key, kid: renamed(key.kid) }))
  // A ring must be able to sign, here under a name that no token names.
  const { keys: [privateKey] = [group.private] } = group.private
  const signer = { ...privateKey, kid: 'signer', key_ops: undefined, use: 'sig' }
  return importOrRefuse(
    () => createKeyRing(group.public === undefined ? specs : [signer, ...specs]).trusted.keys,
  )
}

function importOrRefuse<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    assert.ok(error instanceof SessionError && error.code === 'invalid_key', String(error))
    return undefined
  }
}

/** The group "base64" is about spellings; its secret of 32 zero bytes is refused as a weak one. */
function zeroKey(): Key {
  assert.equal(
    importOrRefuse(() => importKey(Buffer.alloc(32))),
    undefined,
  )
  return new Key('hs256_key', secretSigning(createSecretKey(Buffer.alloc(32))), undefined)
}

/** Reads a foreign token as strictly as ours: one spelling, the key's own algorithm, alg, kid and typ only. */
function isValid(keys: readonly Key[], jws: unknown): boolean {
  const compact = splitCompact(jws)
  if (typeof compact === 'string') return false
  const header = parseStrictObject(decodeUtf8(Buffer.from(compact.header, 'base64url')) ?? '')
  if (header === undefined) return false
  if (Object.keys(header).some((name) => !['alg', 'kid', 'typ'].includes(name))) return false
  const key = keys.find(({ kid }) => kid === renamed(header['kid']))
  return key?.alg === header['alg'] && key?.verify(compact.signedText, compact.signature) === true
}

function outcomes(groups: readonly JwsGroup[]): Map<number, { label: string; outcome: Outcome }> {
  const found = new Map<number, { label: string; outcome: Outcome }>()
  for (const group of groups) {
    const keys = group.comment === 'base64' ? [zeroKey()] : importAll(group)
    for (const { tcId, jws, result } of group.tests) {
      const read = (): Outcome => (isValid(keys ?? [], jws) ? 'accepted' : 'refused')
      found.set(tcId, { label: result, outcome: keys === undefined ? 'key refused' : read() })
    }
  }
  return found
}

describe('VEC-01 VEC-02 Wycheproof JSON Web Signatures and Keys', needsVectors(), () => {
  test('VEC-01 401 signatures: as labelled, but for the errata and what is not offered', () => {
    const { testGroups } = readVectors('wycheproof/json_web_signature_test.json')
    const found = outcomes(testGroups)
    assert.equal(found.size, 401)
    const differing = {
      accepted: [] as number[],
      refused: [] as number[],
      'key refused': [] as number[],
    }
    const counts = { accepted: 0, refused: 0, 'key refused': 0 }
    for (const [tcId, { label, outcome }] of found) {
      counts[outcome]++
      if ((label === 'valid') !== (outcome === 'accepted')) differing[outcome].push(tcId)
    }
    // The text of these two is that of 357, which is labelled valid.
    assert.deepEqual(differing.accepted, [367, 370])
    // 259 has no payload; 372 and 373 have a "?" in them, which RFC 7515 §2 does not allow.
    assert.deepEqual(differing.refused, [259, 372, 373])
    // RS384, RS512, PS256, PS384, PS512, and RFC 7520's keys for PS256 and the misspelt ES521.
    assert.deepEqual(
      differing['key refused'],
      [
        264, 265, 266, 267, 268, 269, 270, 271, 272, 273, 274, 275, 287, 288, 320, 321, 322, 323,
        325, 326, 327, 328, 346, 347, 350, 351,
      ],
    )
    assert.deepEqual(counts, { accepted: 19, refused: 293, 'key refused': 89 })
  })

  test('VEC-02 26 keys: as labelled, but for the two algorithms that are not offered', () => {
    const { testGroups } = readVectors('wycheproof/json_web_key_test.json')
    const found = outcomes(testGroups)
    assert.equal(found.size, 26)
    const accepted = [...found]
      .filter(([, { outcome }]) => outcome === 'accepted')
      .map(([tcId]) => tcId)
    const valid = [...found].filter(([, { label }]) => label === 'valid').map(([tcId]) => tcId)
    assert.deepEqual(valid, [2, 5, 13, 14, 15])
    assert.deepEqual(accepted, [2, 5, 13])
    for (const tcId of [
      1, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    ]) {
      assert.equal(found.get(tcId)?.outcome, 'key refused', String(tcId))
    }
    assert.equal(found.get(3)?.outcome, 'refused')
  })
})

describe('VEC-03 Wycheproof primitives', needsVectors(), () => {
  interface Test {
    readonly tcId: number
    readonly msg: string
    readonly sig: string
    readonly tag: string
    readonly key: string
    readonly result: 'valid' | 'invalid' | 'acceptable'
  }
  type Group = { readonly tagSize?: number; readonly publicKeyPem: string; readonly tests: Test[] }

  function groupsOf(name: string): Group[] {
    return readVectors(`wycheproof/primitives/${name}_test.json`).testGroups
  }

  function keyOf(spec: KeySpec): Key | undefined {
    return importOrRefuse(() => importKey(spec))
  }

  /** The messages are bytes, which as text are the characters of the same numbers. */
  function verifies(key: Key, { msg, sig, tag }: Test): boolean {
    const signature = Buffer.from(sig ?? tag, 'hex').toString('base64url')
    return key.verify(Buffer.from(msg, 'hex').toString('latin1'), signature)
  }

  for (const [name, decisive, refusedKeys] of [
    ['ecdsa_secp256r1_sha256_p1363', 262, 0],
    ['ed25519', 151, 0],
    // Two with the public exponent 3.
    ['rsa_signature_2048_sha256', 256, 2],
  ] as const) {
    test(`VEC-03 ${name}: ${decisive} as labelled`, () => {
      let [agreeing, refused] = [0, 0]
      for (const { publicKeyPem, tests } of groupsOf(name)) {
        const key = keyOf(publicKeyPem)
        for (const example of tests) {
          if (key === undefined) refused++
          else if (example.result === 'acceptable') continue
          else {
            assert.equal(verifies(key, example), example.result === 'valid', `tcId ${example.tcId}`)
            agreeing++
          }
        }
      }
      assert.deepEqual([agreeing, refused], [decisive, refusedKeys])
    })
  }

  test('VEC-03 hmac_sha256: as labelled for whole tags, none of the cut ones', () => {
    let [whole, cut, refused] = [0, 0, 0]
    for (const { tagSize, tests } of groupsOf('hmac_sha256')) {
      for (const example of tests) {
        const key = keyOf(Buffer.from(example.key, 'hex'))
        if (key === undefined) refused++
        else if (tagSize === 256) {
          assert.equal(verifies(key, example), example.result === 'valid', `tcId ${example.tcId}`)
          whole++
        } else {
          assert.equal(verifies(key, example), false)
          cut++
        }
      }
    }
    // Six keys have 16 bytes.
    assert.deepEqual([whole, cut, refused], [84, 84, 6])
  })

  test('VEC-03 other curves, hashes and PSS: no key of theirs is imported for what they are', () => {
    for (const name of ['ecdsa_secp384r1_sha384_p1363', 'ecdsa_secp521r1_sha512_p1363', 'ed448']) {
      const groups = groupsOf(name)
      assert.ok(groups.length > 0)
      for (const { publicKeyPem } of groups) assert.equal(keyOf(publicKeyPem), undefined)
    }
    const rsa = [
      'rsa_signature_2048_sha384',
      'rsa_signature_2048_sha512',
      'rsa_pss_2048_sha256_mgf1_32',
    ]
    for (const name of [...rsa, 'rsa_pss_2048_sha384_mgf1_48', 'rsa_pss_4096_sha512_mgf1_64']) {
      for (const { publicKeyPem, tests } of groupsOf(name)) {
        const key = keyOf(publicKeyPem)
        if (key === undefined) continue
        for (const example of tests.filter(({ result }) => result === 'valid')) {
          assert.equal(verifies(key, example), false, `${name} tcId ${example.tcId}`)
        }
      }
    }
  })
})
