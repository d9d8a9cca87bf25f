import assert from 'node:assert/strict'
import { type JsonWebKey, createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { splitCompact } from '../../src/token/compact.ts'
import { thumbprintText } from '../../src/token/jwk.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { type Key, importKey } from '../../src/token/key.ts'
import { createTokens } from '../../src/token/token.ts'
import { needsVectors, readVectors } from '../support/vectors.ts'
import { decode } from './fixtures.ts'

interface Example {
  readonly input: { readonly key: JsonWebKey; readonly payload: string }
  readonly signing: { readonly 'sig-input': string; readonly sig: string }
  readonly output: {
    readonly compact?: string
    readonly json?: object
    readonly json_flat?: object
  }
}

/** The cookbook's keys are named in ways that a key of ours may not be. */
function withoutName(key: JsonWebKey): JsonWebKey {
  return { ...key, kid: undefined }
}

function assertReproduced(key: Key, { signing, output }: Example): void {
  const compact = splitCompact(output.compact)
  assert.ok(typeof compact === 'object')
  assert.equal(compact.signedText, signing['sig-input'])
  assert.ok(key.verify(compact.signedText, compact.signature))
  assert.equal(key.sign(compact.signedText), signing.sig)
}

describe('RFC 7520 and RFC 8037 examples', needsVectors(), () => {
  const example = (name: string): Example => readVectors(`rfc7520/${name}.json`)

  test('VEC-04 4.1 RS256 and 4.4 HS256 verify, and are signed again byte for byte', () => {
    const rsa = example('jws/4_1.rsa_v15_signature')
    assertReproduced(importKey(withoutName(rsa.input.key)), rsa)
    const hmac = example('jws/4_4.hmac-sha2_integrity_protection')
    assertReproduced(importKey(withoutName(hmac.input.key)), hmac)
  })

  test('VEC-04 4.2 PS384 and 4.3 ES512 are not offered: wrong signature, refused key', () => {
    const pss = example('jws/4_2.rsa-pss_signature')
    const key = importKey(withoutName(pss.input.key))
    assert.equal(key.alg, 'RS256')
    assert.equal(key.verify(pss.signing['sig-input'], pss.signing.sig), false)
    const { input } = example('jws/4_3.ecdsa_signature')
    assert.throws(() => importKey(withoutName(input.key)), { code: 'invalid_key' })
  })

  test('VEC-05 RFC 8037 A.4 Ed25519 verifies, and is signed again byte for byte', () => {
    const ed = example('curve25519/jws')
    assertReproduced(importKey(ed.input.key), ed)
  })

  test('VEC-06 VEC-07 detached, JSON and unencoded forms are no tokens', () => {
    const names = ['4_5.signature_with_detached_content', '4_6.protecting_specific_header_fields']
    names.push('4_7.protecting_content_only', '4_8.multiple_signatures')
    const { key } = example('jws/4_1.rsa_v15_signature').input
    const tokens = createTokens({ ring: createKeyRing(withoutName(key)), sessionField: 'sk' })
    for (const { output } of names.map((name) => example(`jws/${name}`))) {
      if (output.compact !== undefined) assert.equal(tokens.read(output.compact), 'format')
      for (const json of [output.json, output.json_flat]) {
        if (json !== undefined) assert.equal(tokens.read(JSON.stringify(json)), 'encoding')
      }
      assert.ok(output.compact ?? output.json)
    }
    for (const name of ['hmac-sha2_b64_false', '4.2.hmac-sha2_b64_false']) {
      const { output } = example(`rfc7797/${name}`)
      for (const text of [output.compact, JSON.stringify(output.json)]) {
        if (text !== undefined) assert.equal(typeof tokens.read(text), 'string')
      }
    }
  })
})

describe('RFC 7515 and RFC 7638 examples', () => {
  test('VEC-08 A.1 HS256 and A.3 ES256 verify', () => {
    const k =
      'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
    const payload =
      'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
    const hmac = importKey({ kty: 'oct', k })
    const hmacText = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}`
    assert.ok(hmac.verify(hmacText, 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'))
    const ecdsa = importKey({
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    })
    const signature =
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q'
    assert.ok(ecdsa.verify(`eyJhbGciOiJFUzI1NiJ9.${payload}`, signature))
    assert.deepEqual(decode(payload)['iss'], 'joe')
  })

  test('VEC-08 A.5 the unsecured JWS is no token', () => {
    assert.equal(splitCompact('eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.'), 'format')
  })

  test('VEC-09 RFC 7638 §3.1 thumbprint', () => {
    const members = {
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
    }
    assert.equal(
      createHash('sha256').update(thumbprintText(members)).digest('base64url'),
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    )
    assert.equal(importKey(members).kid, '3736cbb1787cb830')
  })
})
