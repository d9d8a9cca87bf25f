import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { importKey } from '../../src/token/key.ts'
import {
  ALGORITHMS,
  ID,
  KEYS,
  NOW,
  SESSION,
  SPECS,
  contents,
  encode,
  forge,
  tokensOf,
  localTokens,
} from './fixtures.ts'

const session = JSON.stringify(SESSION)
/** The session's payload with more JSON text in it. */
const and = (text: string): string => `${session.slice(0, -1)},${text}}`

/** Every header but the one issued dies by its text, so a forger's best signature does not help. */
describe('headers signed with the right key', () => {
  for (const alg of ALGORITHMS) {
    const key = KEYS[alg]
    const { kid } = key
    const tokens = tokensOf(alg)
    const own = { alg, kid, typ: 'JWT' }
    const refuse = (header: unknown, code: string): void => {
      const text =
        typeof header === 'string' || header instanceof Uint8Array ? header : JSON.stringify(header)
      assert.equal(tokens.read(forge(key, session, text)), code, String(text).slice(0, 100))
    }

    test(`R7 ${alg} the header issued is the one accepted`, () => {
      assert.equal(typeof tokens.read(forge(key, session, JSON.stringify(own))), 'object')
    })

    test(`ALG-01 ALG-02 ALG-03 ${alg} none, in every case and spelling`, () => {
      const [payload, signature] = [encode(session), forge(key, session).split('.')[2]]
      for (let bits = 0; bits < 16; bits++) {
        const none = [...'none'].map((c, at) => ((bits >> at) & 1 ? c.toUpperCase() : c)).join('')
        refuse({ ...own, alg: none }, 'alg')
        const header = encode(JSON.stringify({ ...own, alg: none }))
        assert.equal(tokens.read(`${header}.${payload}.`), 'format')
        assert.equal(tokens.read(`${header}.${payload}.${signature}`), 'alg')
      }
      for (const none of [' none', 'none ', 'none\0', 'n\u00f6ne'])
        refuse({ ...own, alg: none }, 'alg')
    })

    test(`ALG-04 ALG-05 ALG-06 ${alg} algorithms that are no text, or almost ours`, () => {
      for (const other of [undefined, '', null, 0, true, {}, [alg], [], { [alg]: alg }]) {
        refuse({ ...own, alg: other }, 'alg')
      }
      for (const other of [
        alg.toLowerCase(),
        `${alg} `,
        ` ${alg}`,
        `${alg}\0`,
        alg.replace('S', '\u0405'),
      ]) {
        refuse({ ...own, alg: other }, 'alg')
      }
      for (const other of ['__proto__', 'constructor', 'toString'])
        refuse({ ...own, alg: other }, 'alg')
    })

    test(`ALG-10 ALG-11 ALG-12 ALG-13 ALG-14 ${alg} every other algorithm`, () => {
      const others = [
        'HS256',
        'HS384',
        'HS512',
        'RS256',
        'RS384',
        'RS512',
        'PS256',
        'PS384',
        'PS512',
      ]
      others.push('ES256', 'ES384', 'ES512', 'ES256K', 'EdDSA', 'Ed25519', 'Ed448', 'dir', 'A128KW')
      for (const other of others) if (other !== alg) refuse({ ...own, alg: other }, 'alg')
    })

    test(`KEY-14 KEY-20 KEY-21 KEY-22 KEY-23 KEY-24 ALG-25 ${alg} kids that are not ours`, () => {
      const paths = [
        '../../etc/passwd',
        '..\\..',
        '/dev/null',
        "' OR 1=1 --",
        '*)(uid=*',
        '$(id)',
        '`id`',
      ]
      const kids = [undefined, '', 7, {}, [kid], null, true, 'k'.repeat(60), `${kid} `, `${kid}\0`]
      for (const other of [
        ...paths,
        ...kids,
        'a\r\nset-cookie: b',
        '__proto__',
        'constructor',
        'hasOwnProperty',
      ]) {
        refuse({ ...own, kid: other }, 'kid')
      }
      refuse({ ...own, kid: kid.slice(1) }, 'kid')
      refuse(
        { ...own, kid: kid.replace(/\w/, (c) => String.fromCodePoint(0xfee0 + c.codePointAt(0)!)) },
        'kid',
      )
      refuse({ ...own, kid: 'k'.repeat(1024) }, 'header')
    })

    test(`ALG-21 ALG-22 ALG-23 ALG-24 ${alg} keys and addresses in the header`, () => {
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
      refuse({ ...own, jwk }, 'header')
      for (const address of [
        'http://127.0.0.1/',
        'file:///etc/passwd',
        'http://169.254.169.254/',
      ]) {
        refuse({ ...own, jku: address }, 'header')
        refuse({ ...own, x5u: address }, 'header')
      }
      for (const name of ['x5c', 'x5t', 'x5t#S256']) refuse({ ...own, [name]: 'AAAA' }, 'header')
    })

    test(`JWS-40 JWS-41 JWS-42 JWS-43 JWS-44 JWS-45 JWS-46 JWS-47 ${alg} more members`, () => {
      const crits = [
        ['x'],
        [],
        'x',
        null,
        1,
        {},
        [1],
        ['x', 'x'],
        ['alg'],
        ['b64'],
        ['__proto__'],
        ['constructor'],
      ]
      for (const crit of crits) refuse({ ...own, crit, x: 1, b64: false }, 'header')
      const others = [
        { b64: false },
        { b64: true },
        { zip: 'DEF' },
        { enc: 'A256GCM' },
        { p2c: 2 ** 31 },
        { epk: {} },
      ]
      for (const other of [...others, { cty: 'JWT' }, { x: { y: [] } }])
        refuse({ ...own, ...other }, 'header')
    })

    test(`JWS-16 JWS-17 JWS-18 JWS-19 ${alg} headers that are no small object of ours`, () => {
      for (const text of [
        '[]',
        '"a"',
        '1',
        'null',
        'true',
        '',
        '{',
        '{}{}',
        `[${JSON.stringify(own)}]`,
      ]) {
        const code = text === '' ? 'format' : 'header'
        assert.equal(tokens.read(forge(key, session, text)), code, text)
      }
      const text = JSON.stringify(own)
      for (const bytes of [
        Buffer.from(text, 'utf16le'),
        Buffer.from(`\ufeff${text}`),
        Buffer.of(0x7b, 0xff, 0x7d),
      ]) {
        refuse(bytes, 'header')
      }
      for (const twice of [`{"alg":"none",${text.slice(1)}`, text.replace('}', ',"alg":"none"}')])
        refuse(twice, 'header')
      for (const twice of [`{"kid":"x",${text.slice(1)}`, text.replace('}', `,"kid":"${kid}"}`)])
        refuse(twice, 'header')
      refuse({ ...own, pad: 'x'.repeat(1024) }, 'header')
      refuse(` ${text}`, 'header')
      refuse({ typ: 'JWT', kid, alg }, 'header')
    })

    test(`R4 ${alg} every other typ`, () => {
      for (const typ of [
        undefined,
        'jwt',
        'at+jwt',
        'statuslist+jwt',
        'revocations+jwt',
        1,
        null,
        [],
      ]) {
        refuse({ ...own, typ }, 'header')
      }
    })
  }
})

describe('ALG-07 ALG-08 ALG-09 public keys as HMAC secrets', () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
    test(`ALG-07 ALG-08 ALG-09 ${alg} no spelling of the public key signs for us`, () => {
      const publicKey = createPublicKey(SPECS[alg])
      const jwk = publicKey.export({ format: 'jwk' })
      const spki = publicKey.export({ format: 'pem', type: 'spki' }).toString()
      const der = publicKey.export({ format: 'der', type: 'spki' })
      const texts = [
        spki,
        JSON.stringify(jwk),
        JSON.stringify(KEYS[alg].publicJwk),
        JSON.stringify({ keys: [jwk] }),
      ]
      if (alg === 'RS256') texts.push(publicKey.export({ format: 'pem', type: 'pkcs1' }).toString())
      const secrets: (string | Buffer)[] = texts.flatMap((text) => {
        return [
          text,
          text.trimEnd(),
          `${text.trimEnd()}\n`,
          text.replaceAll('\n', '\r\n'),
          text.replaceAll('\n', ''),
        ]
      })
      secrets.push(der, der.toString('base64'), der.toString('hex'))
      secrets.push(Buffer.from(jwk.n ?? jwk.x ?? '', 'base64url'), jwk.n ?? jwk.x ?? '')
      const tokens = tokensOf(alg)
      const hmacHeader = JSON.stringify({ alg: 'HS256', kid: KEYS[alg].kid, typ: 'JWT' })
      for (const secret of secrets) {
        for (const [header, code] of [
          [encode(hmacHeader), 'alg'],
          [KEYS[alg].header, 'signature'],
        ]) {
          const signedText = `${header}.${encode(session)}`
          const mac = createHmac('sha256', secret).update(signedText).digest('base64url')
          assert.equal(tokens.read(`${signedText}.${mac}`), code)
        }
      }
    })
  }
})

describe('signatures', () => {
  test('JWS-30 ES256 with r and s of 0, 1, n-1 and n', () => {
    const n = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
    const values = ['0'.repeat(64), '1'.padStart(64, '0'), n.slice(0, -1) + '0', n]
    for (const r of values) {
      for (const s of values) assertSignatureRefused('ES256', Buffer.from(r + s, 'hex'))
    }
  })

  test('JWS-21 JWS-23 JWS-24 signatures of other lengths, cut, doubled and empty', () => {
    for (const alg of ALGORITHMS) {
      const signature = Buffer.from(forge(KEYS[alg], session).split('.')[2] ?? '', 'base64url')
      for (const length of [1, 15, 16, 31, signature.length - 1]) {
        assertSignatureRefused(alg, signature.subarray(0, length))
        assertSignatureRefused(alg, signature.subarray(-length))
      }
      const zero = Buffer.alloc(1)
      assertSignatureRefused(alg, Buffer.concat([signature, zero]))
      assertSignatureRefused(alg, Buffer.concat([zero, signature]))
      assertSignatureRefused(alg, Buffer.concat([signature, signature]))
      assertSignatureRefused(alg, Buffer.alloc(signature.length))
      assertSignatureRefused(alg, Buffer.alloc(signature.length, 0xff))
    }
  })

  test('JWS-21 ES256 in DER', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const tokens = localTokens({ ring: createKeyRing(privateKey), sessionField: 'sk' })
    const [header, payload] = tokens.issue(contents()).split('.')
    for (const bytes of [70, 71, 72]) {
      assert.equal(
        tokens.read(`${header}.${payload}.${encode(Buffer.alloc(bytes, 0x30))}`),
        'signature',
      )
    }
  })

  test('JWS-22 RS256 with numbers that are no signature', () => {
    const { n = '' } = createPublicKey(SPECS.RS256).export({ format: 'jwk' })
    const modulus = Buffer.from(n, 'base64url')
    const less = Buffer.from(modulus)
    less[255] = (less[255] ?? 0) - 1
    const one = Buffer.alloc(256)
    one[255] = 1
    for (const bytes of [modulus, less, one, Buffer.alloc(256)])
      assertSignatureRefused('RS256', bytes)
  })

  test('JWS-24 Ed25519 with S not below the group’s order', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const signature = Buffer.from(forge(KEYS.EdDSA, session).split('.')[2] ?? '', 'base64url')
    const s =
      BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`) + order
    const twin = Buffer.concat([
      signature.subarray(0, 32),
      Buffer.from(s.toString(16).padStart(64, '0'), 'hex').toReversed(),
    ])
    assertSignatureRefused('EdDSA', twin)
  })

  test('ALG-25 a key of the attacker under our kid', () => {
    for (const alg of ['ES256', 'EdDSA'] as const) {
      const type = alg === 'ES256' ? 'ec' : 'ed25519'
      const { privateKey } = generateKeyPairSync(type as 'ec', { namedCurve: 'P-256' })
      const theirs = importKey({ ...privateKey.export({ format: 'jwk' }), kid: KEYS[alg].kid })
      assert.equal(theirs.header, KEYS[alg].header)
      assert.equal(tokensOf(alg).read(forge(theirs, session)), 'signature')
    }
  })

  function assertSignatureRefused(alg: (typeof ALGORITHMS)[number], signature: Uint8Array): void {
    const token = `${KEYS[alg].header}.${encode(session)}.${encode(signature)}`
    assert.equal(tokensOf(alg).read(token), 'signature')
  }
})

/** What JWT libraries accept from whoever has the key (facts 3.3), and what else a reader could trip over. */
describe('payloads signed with the right key', () => {
  const refused: readonly [what: string, payload: string | Uint8Array, code: string][] = [
    ['CLM-01 no exp', JSON.stringify({ sk: ID, iat: NOW }), 'claims'],
    ['CLM-13 no iat', JSON.stringify({ sk: ID, exp: NOW }), 'claims'],
    ['CLM-23 no session', JSON.stringify({ iat: NOW, exp: NOW + 1 }), 'claims'],
    ['CLM-08 exp 1e300', session.replace(String(SESSION.exp), '1e300'), 'claims'],
    ['CLM-07 exp 1e400', session.replace(String(SESSION.exp), '1e400'), 'json'],
    ['CLM-04 exp as text', session.replace(String(SESSION.exp), `"${SESSION.exp}"`), 'claims'],
    ['CLM-27 exp twice', and('"exp":2000000901'), 'json'],
    ['CLM-27 sk twice', and(`"sk":"${ID}"`), 'json'],
    ['CLM-27 sk twice, once escaped', and(`"\\u0073k":"${ID}"`), 'json'],
    ['CLM-27 sub twice', and('"sub":"1","sub":"2"'), 'json'],
    ['CLM-27 a nested name twice', and('"a":{"b":1,"b":2}'), 'json'],
    ['CLM-28 __proto__', and('"__proto__":{"admin":true}'), 'json'],
    ['CLM-28 __proto__ deeper', and('"a":{"__proto__":{"admin":true}}'), 'json'],
    ['CLM-25 an array', `[${session}]`, 'json'],
    ['CLM-25 a string', JSON.stringify(session), 'json'],
    ['CLM-25 null', 'null', 'json'],
    ['CLM-25 a number', '1', 'json'],
    ['CLM-26 a byte order mark', `\ufeff${session}`, 'json'],
    ['CLM-26 UTF-16', Buffer.from(session, 'utf16le'), 'json'],
    ['CLM-26 bytes that are no UTF-8', Buffer.from(and('"a":"\xff"'), 'latin1'), 'json'],
    ['CLM-26 half a character in a name', and('"\\ud800":1'), 'json'],
    ['CLM-26 half a character in a value', and('"a":"\\udc00"'), 'json'],
    ['CLM-29 17 levels', and(`"a":${'['.repeat(16)}${']'.repeat(16)}`), 'json'],
    [
      'CLM-29 65 members',
      and(Array.from({ length: 62 }, (_, at) => `"m${at}":1`).join(',')),
      'json',
    ],
    ['CLM-29 a value of more than 2 KiB', and(`"a":"${'x'.repeat(2050)}"`), 'json'],
    ['CLM-41 sub as number', and('"sub":7'), 'claims'],
    ['CLM-41 an empty sub', and('"sub":""'), 'claims'],
    ['CLM-12 nbf as text', and(`"nbf":"${NOW}"`), 'claims'],
    ['R35 aud for somebody else', and('"aud":"other"'), 'audience'],
    ['JSON a trailing comma', `${session.slice(0, -1)},}`, 'json'],
    ['JSON two objects', `${session}${session}`, 'json'],
    ['JSON a comment', `${session}/**/`, 'json'],
    ['JSON NaN', and('"a":NaN'), 'json'],
    ['JSON single quotes', session.replaceAll('"', "'"), 'json'],
    ['DOS 1 MiB', and(`"a":"${'x'.repeat(2 ** 20)}"`), 'length'],
    ['DOS 100,000 levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'length'],
    ['DOS 1,000 levels', and(`"a":${'['.repeat(1000)}${']'.repeat(1000)}`), 'json'],
  ]
  for (const [what, payload, code] of refused) {
    test(`${what} is refused`, () => {
      for (const alg of ALGORITHMS)
        assert.equal(tokensOf(alg).read(forge(KEYS[alg], payload)), code)
    })
  }

  test('CLM-28 names of Object.prototype are names like others', () => {
    const read = tokensOf('HS256').read(
      forge(KEYS.HS256, and('"constructor":{"prototype":1},"toString":2')),
    )
    assert.ok(typeof read === 'object')
    assert.deepEqual(Object.keys(read.claims), ['constructor', 'toString'])
    assert.equal(({} as { prototype?: unknown }).prototype, undefined)
  })

  test('CLM-08 times far away are genuine: the record decides', () => {
    const far = session.replace(String(SESSION.exp), '253402300799')
    assert.equal(typeof tokensOf('HS256').read(forge(KEYS.HS256, far)), 'object')
  })
})
