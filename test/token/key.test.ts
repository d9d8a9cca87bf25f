import assert from 'node:assert/strict'
import {
  type JsonWebKey,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import { SessionError } from '../../src/errors.ts'
import { type KeySpec, importKey } from '../../src/token/key.ts'
import { ALGORITHMS, KEYS, SECRET, SPECS, decode, randomSecret } from './fixtures.ts'

function assertRefused(spec: unknown, ...words: string[]): void {
  assert.throws(
    () => importKey(spec as KeySpec),
    (error) => {
      assert.ok(error instanceof SessionError, String(error))
      assert.equal(error.code, 'invalid_key')
      for (const word of words) assert.ok(error.message.includes(word), error.message)
      if (typeof spec === 'string' && spec.trim().length > 8) {
        assert.ok(!error.message.includes(spec.trim()), 'the key is in the message')
      }
      return true
    },
  )
}

const folder = mkdtempSync(join(tmpdir(), 'symbolon-keys-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const privateJwk = (alg: 'ES256' | 'RS256' | 'EdDSA'): JsonWebKey =>
  createPrivateKey(SPECS[alg]).export({ format: 'jwk' })
const publicJwk = (alg: 'ES256' | 'RS256' | 'EdDSA'): JsonWebKey =>
  createPublicKey(SPECS[alg]).export({ format: 'jwk' })
const publicPem = (alg: 'ES256' | 'RS256' | 'EdDSA'): string =>
  createPublicKey(SPECS[alg]).export({ format: 'pem', type: 'spki' }).toString()

describe('R20 forms of a key', () => {
  test('R6 every kind of key has its one algorithm', () => {
    for (const alg of ALGORITHMS) {
      assert.equal(KEYS[alg].alg, alg)
      assert.equal(KEYS[alg].canSign, true)
    }
  })

  test('R20 one key is the same key in whatever form', () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      const pem = SPECS[alg]
      const jwk = privateJwk(alg)
      const path = file(`${alg}.pem`, pem)
      const specs: KeySpec[] = [
        pem,
        pem.replaceAll('\n', '\\n'),
        pem.replaceAll('\n', '\r\n'),
        jwk,
        JSON.stringify(jwk),
        createPrivateKey(pem),
        { file: path },
        { file: pathToFileURL(path) },
        pathToFileURL(path),
        { file: file(`${alg}.jwk`, JSON.stringify(jwk)) },
        { private: pem, public: publicPem(alg) },
        { private: { file: path }, public: publicJwk(alg) },
      ]
      const signature = KEYS[alg].sign('text')
      for (const spec of specs) {
        const key = importKey(spec)
        assert.equal(key.kid, KEYS[alg].kid)
        assert.ok(key.verify('text', signature))
        assert.ok(KEYS[alg].verify('text', key.sign('text') as string))
      }
    }
  })

  test('R20 PEM of the older kinds is read too', () => {
    const rsa = createPrivateKey(SPECS.RS256)
    const ec = createPrivateKey(SPECS.ES256)
    assert.equal(
      importKey(rsa.export({ format: 'pem', type: 'pkcs1' }).toString()).kid,
      KEYS.RS256.kid,
    )
    const sec1 = ec.export({ format: 'pem', type: 'sec1' }).toString()
    const parameters =
      '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
    assert.equal(importKey(parameters + sec1).kid, KEYS.ES256.kid)
  })

  test('R20 a secret may be text, bytes, a KeyObject, a JWK or a file, its last line end cut', () => {
    const bytes = Buffer.from(SECRET)
    const specs: KeySpec[] = [
      bytes,
      new Uint8Array(bytes),
      createSecretKey(bytes),
      { kty: 'oct', k: bytes.toString('base64url') },
      { file: file('secret', `${SECRET}\n`) },
      { file: file('secret-crlf', `${SECRET}\r\n`) },
    ]
    for (const spec of specs) assert.equal(importKey(spec).kid, KEYS.HS256.kid)
  })

  test('KEY-10 a public key verifies and cannot sign', () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      for (const spec of [publicPem(alg), publicJwk(alg), createPublicKey(SPECS[alg])]) {
        const key = importKey(spec)
        assert.equal(key.canSign, false)
        assert.equal(key.kid, KEYS[alg].kid)
        assert.ok(key.verify('text', KEYS[alg].sign('text')))
        assert.throws(() => key.sign('text'), { code: 'invalid_key' })
      }
    }
  })

  test('R20 a file must exist and be text', () => {
    assertRefused({ file: join(folder, 'missing.pem') }, 'cannot be read')
    assertRefused(pathToFileURL(join(folder, 'missing.pem')), 'cannot be read')
    assertRefused(new URL('https://example.com/key.pem'), 'cannot be read')
    assertRefused({ file: folder }, 'cannot be read')
    assertRefused({ file: file('binary', randomBytes(64)) }, 'not text')
  })

  test('KEY-01 KEY-06 what is no key is refused with what keys there are', () => {
    for (const spec of [undefined, null, 7, true, {}, [], () => SECRET, { key: SECRET }]) {
      assertRefused(spec, 'a key is')
    }
    assertRefused({ keys: [publicJwk('ES256')] }, 'list')
    assertRefused(JSON.stringify({ keys: [publicJwk('ES256')] }), 'list')
  })
})

/** A self-signed certificate, in the form of SAML metadata and `x5c`. */
const CERTIFICATE =
  'MIIBdjCCARugAwIBAgIUcWT+MnyYdA8oge785AifIo+DPGQwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEdGVzdDAg' +
  'Fw0yNjExMjMxOTQyNDZaGA8yMTI2MTAzMDE5NDI0NlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqG' +
  'SM49AwEHA0IABCuYzkLCqyaYNS58btmEAFkqdMkDxpXbjVU+Kqui3NtGkczgLemXShTNU9dp1XKS5foTWHz0guDG' +
  'yaZc4aG5wnejUzBRMB0GA1UdDgQWBBT13CNuIz1ggjeYiyHregLNmgCcczAfBgNVHSMEGDAWgBT13CNuIz1ggjeY' +
  'iyHregLNmgCcczAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCyMeiVtVfwf0w2h3hVkGbT7QbD' +
  'GYoP42hUgVA0XfiWqgIhAPneYgFVCmYtJgIsBnUposDKQRb7qtNZB8QZoc3Py6i3'

describe('R20 what is refused as a secret', () => {
  test('KEY-01 KEY-02 fewer than 32 bytes', () => {
    for (const spec of ['', '   ', 'short', randomBytes(31), Buffer.alloc(0)]) {
      assertRefused(spec, 'shorter than 32 bytes')
    }
    assertRefused({ kty: 'oct', k: '' }, 'shorter than 32 bytes')
    assert.equal(importKey(randomBytes(32)).alg, 'HS256')
  })

  test('KEY-03 few characters, short patterns and placeholders', () => {
    assertRefused('a'.repeat(64), 'too few')
    assertRefused('0101010101010101010101010101010101010101', 'too few')
    assertRefused(Buffer.alloc(64, 7), 'too few')
    assertRefused('0123456789abcdef0123456789abcdef', 'pattern')
    assertRefused('keyboard cat keyboard cat keyboard cat', 'pattern')
    const placeholders = [
      'change-me-change-this-secret-please-1',
      'your-256-bit-secret-your-super-secret',
    ]
    placeholders.push(
      'a-string-secret-at-least-256-bits-long',
      'CHANGEME_SUPER_SECRET_SESSION_KEY_123',
    )
    placeholders.push(
      'abcdefghijklmnopqrstuvwxyz0123456789',
      'This is my very long session secret!!',
    )
    for (const placeholder of placeholders)
      assertRefused(placeholder, 'placeholder', 'openssl rand')
  })

  test('KEY-03 what a generator made is never refused', () => {
    for (let times = 0; times < 500; times++) {
      const bytes = randomBytes(32)
      const specs = [
        bytes,
        bytes.toString('base64'),
        bytes.toString('base64url'),
        bytes.toString('hex'),
      ]
      for (const spec of specs) assert.equal(importKey(spec).alg, 'HS256')
    }
  })

  test('KEY-04 texts of keys, whatever stands before them', () => {
    const jwk = JSON.stringify(publicJwk('ES256'))
    const jwks = `{"keys":[${jwk}]}`
    const texts = [
      publicPem('ES256'),
      publicPem('RS256'),
      SPECS.ES256,
      jwk,
      JSON.stringify(privateJwk('RS256')),
      jwks,
    ]
    for (const text of texts) {
      for (const before of [
        '\ufeff',
        '\0',
        ' ',
        '\n',
        '# key\n',
        'Content-Type: text/plain\r\n\r\n',
        'x',
      ]) {
        assertRefused(before + text, 'PEM, JWK')
        assertRefused(Buffer.from(before + text), 'PEM, JWK')
      }
      assertRefused(Buffer.from(text), 'PEM, JWK')
      assertRefused(Buffer.from(text, 'utf16le'), 'PEM, JWK')
      assertRefused(Buffer.from(text).toString('base64'), 'PEM, JWK')
      assertRefused(Buffer.from(text).toString('base64url'), 'PEM, JWK')
      assertRefused({ kty: 'oct', k: Buffer.from(text).toString('base64url') }, 'PEM, JWK')
      assertRefused(createSecretKey(Buffer.from(text)), 'PEM, JWK')
    }
    assertRefused(
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----',
    )
    assertRefused(`ssh-ed25519 ${randomBytes(51).toString('base64')} someone@example`, 'SSH')
  })

  test('KEY-04 ALG-08 the bytes of keys, as they are and in base64', () => {
    const rsa = createPrivateKey(SPECS.RS256)
    const ec = createPrivateKey(SPECS.ES256)
    const ders = [
      createPublicKey(rsa).export({ format: 'der', type: 'spki' }),
      createPublicKey(rsa).export({ format: 'der', type: 'pkcs1' }),
      createPublicKey(ec).export({ format: 'der', type: 'spki' }),
      rsa.export({ format: 'der', type: 'pkcs1' }),
      ec.export({ format: 'der', type: 'pkcs8' }),
      ec.export({ format: 'der', type: 'sec1' }),
      ec.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
      Buffer.from(CERTIFICATE, 'base64'),
    ]
    for (const der of ders) {
      for (const spec of [
        der,
        der.toString('base64'),
        der.toString('hex'),
        der.toString('base64').replaceAll(/.{64}/g, '$&\n'),
      ]) {
        assertRefused(spec, 'PEM, JWK')
      }
    }
  })

  test('R44 the text of a broken JWK is in no error', () => {
    const broken = `{"kty":"oct","k":'${SECRET}'}`
    assert.throws(
      () => importKey(broken),
      (error) => !inspect(error, { depth: 9 }).includes(SECRET.slice(0, 8)),
    )
  })

  test('R20 names of files and addresses', () => {
    const existing = file('a-file-with-a-rather-long-name-and-no-ending', 'x')
    for (const spec of [
      './keys/session.pem',
      '/run/secrets/SESSION.KEY',
      'C:\\keys\\session.jwk',
      '/etc/myapp/secrets/session_signing_secret_file',
      './secrets/of/the/app/for/signing_of_sessions',
      existing,
    ]) {
      assertRefused(spec, '{ file }')
    }
    for (const spec of [
      'keys/production/session-signing-key.json',
      'file:///run/secrets/key-of-the-app',
    ]) {
      assertRefused(spec, '{ file }')
    }
    assertRefused('https://example.com/.well-known/jwks.json', '{ file }')
  })
})

describe('R20 what is refused as a key pair', () => {
  test('KEY-07 weak RSA keys', () => {
    for (const modulusLength of [1024, 2047]) {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength })
      for (const spec of [publicKey, privateKey]) assertRefused(spec, 'bits')
    }
    const jwk = publicJwk('RS256')
    const even = Buffer.from(jwk.n ?? '', 'base64url')
    even[even.length - 1] = 0
    assertRefused({ ...jwk, n: even.toString('base64url') }, 'even')
    for (const e of ['AQ', 'Aw', 'Ag', 'AQAA']) assertRefused({ ...jwk, e }, 'exponent')
    assertRefused(
      generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey,
      'exponent',
    )
  })

  test('KEY-07 a modulus with the ROCA fingerprint', () => {
    // The product of two numbers of the form k·M + (65537^a mod M), as the broken generator made them.
    const primes = [
      2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83,
    ]
    primes.push(89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157)
    const m = primes.reduce((product, prime) => product * BigInt(prime), 1n)
    const factor = (k: bigint, exponent: number): bigint => {
      let power = 1n
      for (let times = 0; times < exponent; times++) power = (power * 65_537n) % m
      return k * m + power
    }
    const size = 2n ** 1024n / m
    const n = factor(size - 5n, 1234) * factor(size - 7n, 4321)
    const hex = n.toString(16)
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
    assertRefused({ kty: 'RSA', e: 'AQAB', n: bytes.toString('base64url') }, 'ROCA')
  })

  test('KEY-08 other curves and kinds of key', () => {
    for (const namedCurve of ['P-384', 'P-521', 'secp256k1']) {
      assertRefused(generateKeyPairSync('ec', { namedCurve }).privateKey, 'P-256')
    }
    assertRefused(generateKeyPairSync('ed448').privateKey, 'P-256')
    assertRefused(generateKeyPairSync('x25519').publicKey, 'P-256')
    assertRefused(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, 'P-256')
    assertRefused(
      generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey,
      'P-256',
    )
  })

  test('KEY-08 JWKs that contradict themselves', () => {
    const ec = publicJwk('ES256')
    const contradictions = [
      { alg: 'ES384' },
      { alg: 'HS256' },
      { alg: 'ES521' },
      { alg: '' },
      { use: 'enc' },
      { use: '' },
      { key_ops: ['sign'] },
      { key_ops: ['verify', 'deriveKey'] },
      { key_ops: ['encrypt'] },
      { key_ops: [] },
      { key_ops: 'verify' },
      { kty: 'RSA' },
      { kty: 'oct' },
      { kty: 'EC2' },
      { crv: 'P-384' },
      { crv: undefined },
      { x: ec.y },
      { x: `AAAA${ec.x}` },
      { x: `${ec.x}=` },
      { y: undefined },
      { d: 'AQ' },
    ]
    for (const contradiction of contradictions) assertRefused({ ...ec, ...contradiction })
    assertRefused({ ...privateJwk('ES256'), key_ops: ['verify'] }, 'key_ops')
    assertRefused({ kty: 'oct', k: randomSecret(), alg: 'HS512' }, 'HS256')
    assertRefused({ kty: 'oct', k: randomSecret(), alg: 'A256KW' }, 'HS256')
    for (const k of [undefined, 7, '+'.repeat(44), `${randomSecret()}=`, [randomSecret()]]) {
      assertRefused({ kty: 'oct', k }, 'base64url')
    }
    const fine = { ...ec, alg: 'ES256', use: 'sig', key_ops: ['verify'], ext: true, x5t: 'x' }
    assert.equal(importKey(fine).kid, KEYS.ES256.kid)
  })

  test('ALG-14 a JWK may call EdDSA Ed25519, and is published as EdDSA', () => {
    const key = importKey({ ...publicJwk('EdDSA'), alg: 'Ed25519' })
    assert.equal(key.alg, 'EdDSA')
    assert.equal(key.publicJwk?.alg, 'EdDSA')
    assertRefused({ ...publicJwk('ES256'), alg: 'Ed25519' }, 'ES256')
  })

  test('R20 halves that do not belong together', () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      const type = alg === 'ES256' ? 'ec' : alg === 'RS256' ? 'rsa' : 'ed25519'
      const options = { namedCurve: 'P-256', modulusLength: 2048 }
      const other = generateKeyPairSync(type as 'rsa', options).publicKey
      assertRefused({ private: SPECS[alg], public: other }, 'belong together')
      const { x, y, n } = other.export({ format: 'jwk' })
      const mixed = { ...privateJwk(alg), ...(x && { x }), ...(y && { y }), ...(n && { n }) }
      assertRefused(mixed)
    }
    assertRefused({ private: SPECS.ES256, public: publicPem('EdDSA') }, 'belong together')
    assertRefused({ private: publicPem('ES256'), public: publicPem('ES256') }, 'a private key and')
    assertRefused({ private: SPECS.ES256, public: SPECS.ES256 }, 'a private key and')
    assertRefused({ private: SECRET, public: SECRET }, 'a private key and')
  })

  test('R20 PEM that is encrypted, broken, or holds several keys', () => {
    const key = createPrivateKey(SPECS.ES256)
    const encrypted = key.export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    })
    assertRefused(encrypted.toString(), 'encrypted')
    assertRefused('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'cannot be read')
    assertRefused('-----BEGIN', 'cannot be read')
    assertRefused(SPECS.ES256 + SPECS.EdDSA, 'several keys')
    assertRefused(SPECS.ES256 + publicPem('ES256'), 'several keys')
    assertRefused('{', 'not JSON')
    assertRefused('{"a":1}', 'kty')
  })
})

describe('R4 kid', () => {
  test('VEC-09 a key pair’s kid begins its RFC 7638 thumbprint, in hex', async () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      const thumbprint = await calculateJwkThumbprint(publicJwk(alg))
      const hex = Buffer.from(thumbprint, 'base64url').toString('hex')
      assert.equal(KEYS[alg].kid, hex.slice(0, 16))
    }
  })

  test('R4 a secret’s kid does not tell the secret’s hash', () => {
    assert.match(KEYS.HS256.kid, /^[0-9a-f]{16}$/)
    for (const hash of ['sha256', 'sha512', 'sha1', 'md5']) {
      assert.ok(!createHash(hash).update(SECRET).digest('hex').startsWith(KEYS.HS256.kid))
    }
    assert.notEqual(importKey(randomSecret()).kid, importKey(randomSecret()).kid)
  })

  test('R4 a JWK’s own kid is taken if it is a name, and refused if not', () => {
    for (const kid of ['a', 'Key_2026', 'x'.repeat(64)]) {
      assert.equal(importKey({ ...privateJwk('ES256'), kid }).kid, kid)
      assert.equal(
        importKey({ private: SPECS.ES256, public: { ...publicJwk('ES256'), kid } }).kid,
        kid,
      )
      assert.equal(
        importKey({ private: { ...privateJwk('ES256'), kid }, public: publicPem('ES256') }).kid,
        kid,
      )
    }
    for (const kid of [
      '',
      'a-b',
      'a.b',
      'a b',
      'ä',
      'x'.repeat(65),
      '../key',
      'a\n',
      7,
      null,
      ['a'],
    ]) {
      assertRefused({ ...privateJwk('ES256'), kid }, '"kid"')
      assertRefused({ kty: 'oct', k: randomSecret(), kid }, '"kid"')
      assertRefused({ private: SPECS.ES256, public: { ...publicJwk('ES256'), kid } }, '"kid"')
    }
  })

  test('R4 the header names alg, kid and typ in this order and nothing else', () => {
    for (const alg of ALGORITHMS) {
      const { header, kid } = KEYS[alg]
      const text = Buffer.from(header, 'base64url').toString()
      assert.equal(text, `{"alg":"${alg}","kid":"${kid}","typ":"JWT"}`)
      assert.deepEqual(decode(header), { alg, kid, typ: 'JWT' })
    }
  })
})

describe('KEY-25 KEY-26 keys keep to themselves', () => {
  test('KEY-25 printing, serialising and cloning shows kid and alg only', () => {
    for (const alg of ALGORITHMS) {
      const { kid } = KEYS[alg]
      assert.equal(inspect(KEYS[alg], { depth: null }), `Key { kid: '${kid}', alg: '${alg}' }`)
      assert.equal(JSON.stringify(KEYS[alg]), JSON.stringify({ kid, alg }))
      assert.deepEqual(structuredClone(KEYS[alg]), { kid, alg })
      assert.deepEqual({ ...KEYS[alg] }, { kid, alg })
    }
  })

  test('KEY-26 a key is frozen, and a copy of what it was made from', () => {
    const bytes = randomBytes(32)
    const key = importKey(bytes)
    const signature = key.sign('text')
    bytes.fill(0)
    assert.equal(key.sign('text'), signature)
    const jwk = privateJwk('ES256')
    const pair = importKey(jwk)
    jwk.x = 'changed'
    assert.notEqual(pair.publicJwk?.x, 'changed')
    assert.ok(Object.isFrozen(key) && Object.isFrozen(pair.publicJwk))
    assert.throws(() => Object.assign(pair, { kid: 'other' }), TypeError)
  })

  test('KEY-17 the public JWK has public members only', () => {
    const members = {
      ES256: ['kty', 'crv', 'x', 'y'],
      RS256: ['kty', 'n', 'e'],
      EdDSA: ['kty', 'crv', 'x'],
    }
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      assert.deepEqual(Object.keys(KEYS[alg].publicJwk ?? {}), [
        ...members[alg],
        'kid',
        'use',
        'alg',
      ])
    }
    assert.equal(KEYS.HS256.publicJwk, undefined)
  })
})
