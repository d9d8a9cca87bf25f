// Tokens and cookies of the vectors: what the original wrote, what its settings mean here.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { isAuthHash } from '../../src/django/auth.ts'
import { DjangoCookie } from '../../src/django/cookie.ts'
import { django } from '../../src/django/index.ts'
import { tokenKey } from '../../src/django/token-keys.ts'
import { createSessions } from '../../src/sessions.ts'
import { serializeCookie } from '../../src/session/cookie.ts'
import { cookieValues } from '../../src/token/cookie-values.ts'
import { createFields } from '../../src/token/fields.ts'
import { endlessKey } from '../../src/token/key-states.ts'
import { KeyRing } from '../../src/token/key-ring.ts'
import { createTokens, type Tokens } from '../../src/token/token.ts'
import { SECRET_KEY, SECRETS, vectors } from './vectors.ts'

const folder = mkdtempSync(join(tmpdir(), 'symbolon-keys-'))
for (const [name, text] of Object.entries<string>(vectors.keys))
  writeFileSync(join(folder, name), text)
after(() => rmSync(folder, { recursive: true }))

const isFile = (name: string): boolean => Object.hasOwn(vectors.keys, name)
const pathOf = (name: string): string => (isFile(name) ? join(folder, name) : name)

function tokensOf({ KEY, SESSION_FIELD = 'sk' }: any): Tokens {
  const key = tokenKey(Array.isArray(KEY) ? (KEY.map(pathOf) as [string, string]) : pathOf(KEY), [])
  const ring = new KeyRing({ keys: [endlessKey(key, 0)] }, Date.now)
  return createTokens({
    ring,
    sessionField: SESSION_FIELD,
    sessionId: /^[a-z0-9]{32}$/,
    bare: true,
  })
}

/** Names that the original takes, and that would let a claim be taken for another one. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'HS256, long name of one field is the short name of another': /"u"/,
  'HS256, long name sk': /"sk"/,
  'HS256, SESSION_FIELD': /"sk"/,
}

describe('R40 tokens of the vectors', () => {
  for (const { name, config, tokens: all, session_field: field } of vectors.jwt.configs) {
    // Of nobody a CALLABLE that needs a user makes no token.
    const written = all.filter(({ token }: { token?: string }) => token !== undefined)
    test(`${name}: read`, () => {
      const tokens = tokensOf(config)
      for (const { token, session_key: key, payload_json: payload } of written) {
        const read = tokens.read(token)
        assert.ok(typeof read === 'object')
        const { [field]: sk, iat, exp, ...claims } = JSON.parse(payload)
        assert.deepEqual([read.id, read.iat, read.claims], [key, iat, claims])
        assert.deepEqual([sk, exp ?? 253_402_300_799], [key, read.exp])
      }
    })

    test(`${name}: ${REFUSED[name] ? 'FIELDS refused' : 'long names as in the original, and written in its order'}`, async () => {
      if (REFUSED[name]) {
        return assert.throws(() => createFields(config.FIELDS, config.SESSION_FIELD), REFUSED[name])
      }
      const tokens = tokensOf(config)
      const fields = createFields(config.FIELDS, config.SESSION_FIELD)
      for (const { token, header_json: header, payload_json: payload, verified } of written) {
        const read = tokens.read(token)
        assert.ok(typeof read === 'object')
        const { [field]: _, iat, exp, ...known } = verified.fields
        assert.deepEqual(fields.expand(read.claims), known)
        const expires = (exp ?? 2_000_000_000) * 1000
        const contents = { id: read.id, userId: '1', claims: read.claimsText }
        const ours = await tokens.issue({ ...contents, issuedAt: iat * 1000 + 5999, expires })
        const [first = '', second = ''] = ours
          .split('.')
          .map((part) => Buffer.from(part, 'base64url').toString())
        assert.equal(first, header)
        const { exp: end, ...rest } = JSON.parse(second)
        assert.deepEqual({ ...rest, ...(exp && { exp: end }) }, JSON.parse(payload))
        const order = [field, 'iat', 'exp', ...Object.keys(read.claims)]
        assert.deepEqual(Object.keys(JSON.parse(second)), order)
      }
    })
  }
})

describe('R40 KEY', () => {
  const wrong: [string, any, RegExp][] = [
    ['empty', '', /empty/],
    ['a list of one', ['a'], /pair of texts/],
    ['a path of no file', '/etc/site/jwt.key', /file name/],
    ['a name of no file', 'jwt-private.pem', /file name/],
    ['a PEM alone', vectors.keys['rsa.pkcs8.pem'], /PEM.*pair/s],
    ['a file of a PEM alone', join(folder, 'rsa.pkcs8.pem'), /PEM.*pair/s],
    ['a pair that is none', ['rsa.pkcs8.pem', 'rsa.spki.pem'], /PEM texts/],
    [
      'halves of two pairs',
      [vectors.keys['other.pkcs8.pem'], vectors.keys['rsa.spki.pem']],
      /belong together/,
    ],
  ]
  for (const [name, key, message] of wrong) {
    test(`${name} is refused`, () => {
      assert.throws(() => tokenKey(key, []), { code: 'invalid_key', message })
    })
  }

  test('tokens by the fallbacks of SECRET_KEY are read, and new ones signed by the first', async () => {
    const [first, second] = [
      tokenKey('a'.repeat(40), []),
      tokenKey('b'.repeat(40), ['a'.repeat(40)]),
    ]
    assert.equal(second.verify('text', await first.sign('text')), true)
    assert.equal(first.verify('text', await second.sign('text')), false)
  })
})

describe('DJG-09 _auth_user_hash of the vectors', () => {
  for (const {
    name,
    password,
    session_auth_hash: hash,
    fallback_hashes: old,
    legacy_sha1_hash: sha1,
  } of vectors.auth_hash.users) {
    test(name, () => {
      for (const given of [hash, ...old, sha1])
        assert.equal(isAuthHash(given, password, SECRETS), true)
      assert.equal(isAuthHash(old[0], password, [SECRET_KEY]), false)
      assert.equal(isAuthHash(hash, `${password}x`, SECRETS), false)
      assert.equal(isAuthHash(hash.toUpperCase(), password, SECRETS), false)
    })
  }
})

describe('Set-Cookie of the vectors', () => {
  for (const { settings, set_expiry: expiry, stored, time, set, delete: deleted } of vectors.cookies
    .set_cookie) {
    test(JSON.stringify({ settings, expiry }), () => {
      const cookie = new DjangoCookie(settings, false)
      const age = Number(/Max-Age=(-?\d+)/.exec(set)?.[1] ?? 0)
      const data = JSON.stringify({
        ...(expiry !== undefined && { _session_expiry: stored ?? expiry }),
      })
      const now = time * 1000
      const line = cookie.set('<session_key>', now, now + age * 1000, data)
      assert.equal(serializeCookie(line), set)
      if (deleted) assert.deepEqual(cookie.clear().map(serializeCookie), [deleted])
    })
  }

  test('a cookie that a browser would refuse is refused at construction', () => {
    for (const settings of [
      { SESSION_COOKIE_SAMESITE: 'None' },
      { SESSION_COOKIE_NAME: '__Host-id' },
    ]) {
      assert.throws(() => new DjangoCookie(settings as object, false), { code: 'invalid_option' })
    }
  })
})

describe('Cookie of the vectors', () => {
  for (const { header, sessionid } of vectors.cookies.parse_cookie) {
    test(`${header}: what can be ours is what Django reads`, () => {
      const last = cookieValues(header, ['sessionid']).at(-1)?.value
      // Neither a key nor a token has a character that would be quoted.
      const ours = /^[\w.-]+$/.test(last ?? '') ? last : undefined
      assert.equal(ours, /^[\w.-]+$/.test(sessionid ?? '') ? sessionid : undefined)
    })
  }
})

describe('R40 settings that cannot be meant', () => {
  const find = () => undefined
  const right = { secretKey: SECRET_KEY, engine: 'file', user: find } as const
  const wrong: [string, object][] = [
    ['no secret', { secretKey: '' }],
    ['an empty fallback', { fallbacks: [''] }],
    ['a setting that is misspelt', { SESSION_COOKIE_AGES: 60 }],
    ['a setting of tokens that is misspelt', { jwt: { EXPIRE: 60 } }],
    ['another engine', { engine: 'signed_cookies' }],
    ['no database', { engine: 'db' }],
    ['no cache', { engine: 'cache' }],
    ['no users', { user: undefined }],
    ['a KEY whose variable is not set', { jwt: { KEY: undefined } }],
    ['EXPIRES as text', { jwt: { EXPIRES: '8h' } }],
    ['FIELDS with exp', { jwt: { FIELDS: [['id', 'exp']] } }],
    ['an age that is none', { SESSION_COOKIE_AGE: 0 }],
    ['local time of nowhere', { useTz: false }],
    ['local time of no place', { useTz: false, timeZone: 'Mars/Olympus' }],
  ]
  for (const [name, options] of wrong) {
    test(`${name} is refused`, () => {
      assert.throws(() => django({ ...right, ...options } as any), { code: 'invalid_option' })
    })
  }

  test('KEY-25 what it gives shows no secret to whoever prints it', () => {
    const shown = inspect(django({ ...right, jwt: { KEY: 'k'.repeat(40) } }), {
      depth: 10,
      showHidden: true,
    })
    for (const secret of [SECRET_KEY, 'k'.repeat(40)]) assert.equal(shown.includes(secret), false)
  })

  test('what is right is taken, and decides of keys, cookie, issuer and audience', () => {
    assert.doesNotThrow(() => createSessions(django(right)))
    const others = [{ cookie: {} }, { issuer: 'https://a.example' }, { audience: 'a' }]
    for (const more of [...others, { keys: 'k'.repeat(40) }, { hybrid: 'k'.repeat(40) }]) {
      assert.throws(() => createSessions({ ...django(right), ...more }), { code: 'invalid_option' })
    }
  })
})
