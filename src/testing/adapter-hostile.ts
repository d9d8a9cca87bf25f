import assert from 'node:assert/strict'
import type { AdapterCase } from './adapter-bench.ts'

const NAME = '__Host-session'

/** Whatever a client sends: nobody, and no work for the store. */
export const hostile: Record<string, AdapterCase> = {
  'CKI-05..16 R7 hostile cookies are nobody: no store call, no cookie, no error': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/login')
    const token = browser.jar.get(NAME)!
    bench.store.calls.length = 0
    for (const cookie of hostileCookies(token)) {
      const { status, body, cookies } = await bench.browser().ask('/auth', { cookie })
      const shown = cookie.replaceAll(token, '(the token)').slice(0, 80)
      assert.deepEqual(
        { status, body, cookies },
        { status: 200, body: 'anonymous', cookies: [] },
        shown,
      )
      // A logout that the store refused in an earlier case may be tried again at any time.
      const calls = bench.store.calls.filter((verb) => verb !== 'end')
      assert.deepEqual(calls, [], shown)
    }
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  },

  'CKI-09 CKI-15 ours is found among others, on one line or several': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/login')
    const { cookie } = browser
    for (const among of [
      `a=1; ${cookie}; b=2`,
      `a="x;y"; ${cookie}`,
      `\xff\xfe=\xe9; ${cookie}`,
      `=; ;; a; ${cookie};`,
      `a=1;${cookie}`,
      `__proto__=1; constructor=2; ${cookie}`,
      ['a=1', cookie, 'b=2'],
    ]) {
      const { body } = await bench.browser().ask('/auth', { cookie: among })
      assert.equal(body, 'ada', String(among))
    }
  },

  'CKI-03 R11 too many of ours are nobody, and are cleared': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/login')
    const cookie = Array.from({ length: 4 }, () => browser.cookie).join('; ')
    const { body, cookies } = await bench.browser().ask('/auth', { cookie })
    assert.equal(body, 'anonymous')
    assert.match(cookies[0] ?? '', /^__Host-session=; .*Max-Age=0/)
  },

  'CKI-18 a token anywhere but in the cookie is ignored': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/login')
    const token = browser.jar.get(NAME)!
    const headers = { authorization: `Bearer ${token}`, 'x-session': token, [NAME]: token }
    const { body } = await bench.browser().ask(`/auth?${NAME}=${token}`, { headers })
    assert.equal(body, 'anonymous')
  },
}

/** Cookie headers around a genuine token that all name nobody. */
function hostileCookies(token: string): string[] {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const values = [
    '',
    ' ',
    '.',
    '..',
    '...',
    'a.b.c',
    'x'.repeat(4000),
    '.'.repeat(2000),
    '%E0%A4%A',
    '%00',
    'j:{"a":1}',
    's:abc.def',
    'null',
    '{}',
    '__proto__',
    `"${token}"`,
    `${token}.`,
    `.${token}`,
    `${token}=`,
    `${token}==`,
    `${token} x`,
    `${token}%20`,
    `${token},${token}`,
    token.replace('.', '%2E'),
    token.toUpperCase(),
    token.slice(1),
    token.slice(0, -1),
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}..${signature}`,
    `.${payload}.${signature}`,
    `${payload}.${header}.${signature}`,
    `${header}.${payload}.${signature}.${signature}`,
    `${flipped(header)}.${payload}.${signature}`,
    `${header}.${flipped(payload)}.${signature}`,
    `${header}.${payload}.${flipped(signature)}`,
    `${json({ alg: 'none' })}.${payload}.`,
    `${json({ alg: 'none' })}.${payload}.${signature}`,
    `${json({ alg: 'HS256' })}.${payload}.${signature}`,
    `${json({ alg: 'HS256', typ: 'JWT', kid: '../../dev/null' })}.${payload}.${signature}`,
    `${json({ alg: 'RS256', jku: 'https://evil.example' })}.${payload}.${signature}`,
    `${json({ alg: 'HS256', crit: ['exp'] })}.${payload}.${signature}`,
    `${header}.${json({ sk: '__proto__', polluted: true })}.${signature}`,
    `${header}.${json({ sk: 'x', exp: -1 })}.${signature}`,
    `${header}.${'A'.repeat(3000)}.${signature}`,
    `${header}+/.${payload}.${signature}`,
    `${header}.${payload}.\xe9`,
  ]
  const names = [
    '__host-session',
    '__HOST-SESSION',
    '__Host%2Dsession',
    '\xa0__Host-session',
    '\xc2\xa0__Host-session',
    '\xef\xbb\xbf__Host-session',
    '\x85__Host-session',
    '__Host-session\xa0',
    'x__Host-session',
    '__Host-sessio',
    '__Host-sessions',
    '"__Host-session"',
    '$__Host-session',
    '=__Host-session',
    'session',
    '__proto__',
    'constructor',
  ]
  return [
    ...values.map((value) => `${NAME}=${value}`),
    ...names.map((name) => `${name}=${token}`),
    `$Version=1; ${NAME}="${token}"; $Path=/`,
    `a="x; ${NAME}=evil; y"`,
    NAME,
    `a=1,${NAME}=${token}`,
    `${NAME}: ${token}`,
    `;;;`,
    '=',
  ]
}

function flipped(text: string): string {
  return text.slice(0, -2) + (text.at(-2) === 'A' ? 'B' : 'A') + text.at(-1)
}

function json(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
