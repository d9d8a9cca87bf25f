import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cookie } from 'tough-cookie'
import { SessionError } from '../../src/errors.ts'
import { CookieForm, type CookieOptions, serializeCookie } from '../../src/session/cookie.ts'
import { cookieValues } from '../../src/token/cookie-values.ts'

const DAY = 86_400_000
const read = (header: string, name = '__Host-session'): string[] =>
  cookieValues(header, [name]).map(({ value }) => value)

test('CKO-01 the cookie in production, exactly', () => {
  const form = new CookieForm({}, true)
  assert.equal(
    serializeCookie(form.set('TOKEN', 0, DAY)),
    '__Host-session=TOKEN; Path=/; HttpOnly; Secure; SameSite=Lax',
  )
})

test('R19 names by what they can promise', () => {
  assert.equal(new CookieForm({}, true).name, '__Host-session')
  assert.equal(new CookieForm({ domain: 'app.example' }, true).name, '__Secure-session')
  assert.equal(new CookieForm({ path: '/app' }, true).name, '__Secure-session')
  assert.equal(new CookieForm({}, false).name, 'session')
})

test('CKO-06 CKO-07 a persistent cookie lives as long as the session, at most 400 days', () => {
  const form = new CookieForm({ persistent: true }, true)
  assert.equal(form.set('T', 0, 14 * DAY).maxAge, 14 * 86_400)
  assert.equal(form.set('T', 0, 9999 * DAY).maxAge, 34_560_000)
})

test('CKO-15 a cleared cookie repeats the attributes', () => {
  const [cookie] = new CookieForm({}, true).clear()
  assert.equal(
    serializeCookie(cookie!),
    '__Host-session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
  )
})

test('R11 every variant is cleared: domain, host-only, previous', () => {
  const form = new CookieForm(
    { domain: 'app.example', previous: [{ name: 'sid' }, { domain: 'old.example' }] },
    true,
  )
  assert.deepEqual(
    form.clear().map(({ name, domain }) => [name, domain]),
    [
      ['__Secure-session', 'app.example'],
      ['__Secure-session', undefined],
      ['sid', undefined],
      ['__Secure-session', 'old.example'],
    ],
  )
  assert.deepEqual(form.names, ['__Secure-session', 'sid'])
  assert.ok(form.clearOthers().every(({ domain }) => domain !== 'app.example'))
})

const wrong: [string, CookieOptions][] = [
  ['CKO-02 __Host- with domain', { name: '__Host-s', domain: 'a.example' }],
  ['CKO-02 __Host- with path', { name: '__Host-s', path: '/a' }],
  ['CKO-02 __Host- without secure', { name: '__Host-s', secure: false }],
  ['CKO-03 __Secure- without secure', { name: '__Secure-s', secure: false }],
  ['CKO-03 __Http- without secure', { name: '__Http-s', secure: false }],
  ['CKO-04 SameSite=None without secure', { sameSite: 'None', secure: false }],
  ['CKO-10 name with ;', { name: 'a;b' }],
  ['CKO-10 name with =', { name: 'a=b' }],
  ['CKO-10 name with LF', { name: 'a\nb' }],
  ['CKO-10 empty name', { name: '' }],
  ['CKO-10 non-ASCII name', { name: 'é' }],
  ['CKO-10 domain with ;', { domain: 'a.example; Path=/x' }],
  ['CKO-10 path with ;', { path: '/; Domain=evil' }],
  ['CKO-10 path with CR LF', { path: '/\r\nSet-Cookie: a=b' }],
  ['CKO-10 path over 1,024 octets', { path: `/${'a'.repeat(1024)}` }],
  ['CKO-10 unknown SameSite', { sameSite: 'lax' as never }],
  ['CKO-10 in a previous form', { previous: [{ path: 'x' }] }],
]
for (const [name, options] of wrong) {
  test(`${name} is a configuration error`, () => {
    assert.throws(() => new CookieForm(options, true), {
      name: SessionError.name,
      code: 'invalid_option',
    })
  })
}

test('CKO-13 every form survives a browser-like parser', () => {
  const options: CookieOptions[] = [{}, { domain: 'app.example' }, { path: '/a', persistent: true }]
  for (const option of options) {
    const form = new CookieForm(option, true)
    for (const cookie of [form.set('a.b-c_d', 0, DAY), ...form.clear()]) {
      const parsed = Cookie.parse(serializeCookie(cookie))!
      assert.equal(parsed.key, cookie.name)
      assert.equal(parsed.value, cookie.value)
      assert.equal(parsed.domain ?? undefined, cookie.domain)
      assert.equal(parsed.path, cookie.path)
      assert.ok(parsed.httpOnly && parsed.secure)
      assert.equal(parsed.maxAge ?? undefined, cookie.maxAge)
    }
  }
})

test('CKI-05..18 cookies are found as browsers send them, and nothing is decoded', () => {
  assert.deepEqual(read('__Host-session=a'), ['a'])
  assert.deepEqual(read('x=1; __Host-session=a; y=2'), ['a'])
  assert.deepEqual(read('x=1;__Host-session=a'), ['a'])
  assert.deepEqual(read('\t __Host-session \t=\t a \t; y=2'), ['a'])
  assert.deepEqual(read('__Host-session=a; __Host-session=b'), ['a', 'b'], 'CKI-01')
  assert.deepEqual(read('=__Host-session=evil'), [], 'CKI-05')
  assert.deepEqual(read('__Host-session'), [], 'CKI-05')
  assert.deepEqual(read('a="x; __Host-session=evil; y"'), ['evil'], 'CKI-06')
  assert.deepEqual(read('$Version=1; __Host-session="a"; $Path=/'), ['"a"'], 'CKI-07')
  assert.deepEqual(read('x=1, __Host-session=a'), [], 'CKI-08')
  assert.deepEqual(read('x=1\n__Host-session=a'), [], 'CKI-08')
  for (const blank of ['\u00a0', '\u2000', '\u0085', '\v', '\f', '\ufeff', '\u00c2\u00a0']) {
    assert.deepEqual(read(`${blank}__Host-session=a`), [], 'CKI-10')
  }
  assert.deepEqual(read('__host-session=a; __HOST-SESSION=b'), [], 'CKI-11')
  assert.deepEqual(read('__Host%2Dsession=a'), [], 'CKI-12')
  assert.deepEqual(read('__Host-session=%41'), ['%41'], 'CKI-13')
  assert.deepEqual(read('__Host-session=%E0%A4%A'), ['%E0%A4%A'], 'CKI-14')
  assert.deepEqual(read('x=\u00ff\u00fe\u0080; __Host-session=a'), ['a'], 'CKI-15')
  assert.deepEqual(read('__proto__=1; constructor=2; __Host-session=a'), ['a'], 'CKI-16')
  assert.deepEqual(read(''), [])
  assert.deepEqual(read(';;;;'), [])
})

test('CKI-04 a header of many cookies is read in one pass', () => {
  const many = Array.from({ length: 5000 }, (_, index) => `c${index}=v`).join('; ')
  assert.deepEqual(read(`${many}; __Host-session=a`), ['a'])
})
