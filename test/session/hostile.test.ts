import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { Browser } from '../support/browser.ts'
import { faulty } from '../support/stores.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
const make = () => {
  const store = faulty(memory())
  const sessions = createSessions({ keys, fields: ['id'], store })
  return { store, sessions, browser: new Browser(sessions) }
}
const loggedIn = async () => {
  const made = make()
  await made.browser.request((visit) => visit.session.login({ id: 'alice' }))
  const [name, token] = [...made.browser.jar][0]!
  made.store.calls.length = 0
  return { ...made, name, token }
}

describe('any cookie at all', () => {
  test('R7 CKI an anonymous request, a coded event, no store call, no exception', async () => {
    const { browser, store, sessions, name, token } = await loggedIn()
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const values = [
      '',
      '.',
      '..',
      '...',
      'a.b',
      'a.b.c',
      'a.b.c.d',
      'null',
      'undefined',
      '{}',
      '[]',
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${header}.${payload}`,
      `${token}.`,
      `${token}=`,
      `"${token}"`,
      `Bearer ${token}`,
      encodeURIComponent(`"${token}"`),
      `s:${token}`,
      `j:{"a":1}`,
      '%E0%A4%A',
      '\u00ff\u00fe',
      token.slice(0, -1),
      `${token}A`,
      token.toLowerCase(),
      token.repeat(40),
      '.'.repeat(8000),
      `eyJhbGciOiJub25lIn0.${payload}.`,
      `${header}.${payload}.${'A'.repeat(43)}`,
      `${Buffer.from('{"alg":"HS256","kid":"../../etc/passwd","typ":"JWT"}').toString('base64url')}.${payload}.${signature}`,
      `${Buffer.from('{"alg":"HS256","kid":"__proto__","typ":"JWT"}').toString('base64url')}.${payload}.${signature}`,
    ]
    for (const value of values) {
      const before = sessions.counts.rejected ?? 0
      const { head, status } = await browser.exchange(
        (visit) => {
          assert.equal(visit.auth, undefined)
          assert.deepEqual({ ...visit.session }, {})
        },
        { cookie: `${name}=${value}` },
      )
      assert.deepEqual([status, head.cookies, head.error], [200, [], undefined], value.slice(0, 60))
      assert.equal(sessions.counts.rejected, before + 1, value.slice(0, 60))
    }
    assert.deepEqual(store.calls, [])
  })

  test('SES-31 10,000 random signed-looking cookies leave no row', async () => {
    const { browser, store, name } = await loggedIn()
    for (let n = 0; n < 10_000; n++) {
      const part = (): string => Buffer.from(`${Math.random()}${n}`).toString('base64url')
      await browser.exchange((visit) => void visit.session['x'], {
        cookie: `${name}=${part()}.${part()}.${part()}`,
      })
    }
    assert.deepEqual(store.calls, [])
  })

  test('CKI-01 junk beside a genuine cookie is ignored, in both orders', async () => {
    const { browser, name, token } = await loggedIn()
    for (const cookie of [`${name}=junk; ${name}=${token}`, `${name}=${token}; ${name}=junk`]) {
      const { head } = await browser.exchange((visit) => void assert.ok(visit.auth), { cookie })
      assert.deepEqual(head.cookies, [])
    }
  })

  test('CKI-01 R11 genuine cookies of two sessions: nobody, an event, all variants cleared', async () => {
    const { browser, sessions, name, token, store } = await loggedIn()
    const other = new Browser(sessions)
    await other.request((visit) => visit.session.login({ id: 'mallory' }))
    store.calls.length = 0
    const cookie = `${name}=${token}; ${other.cookie}`
    const { head } = await browser.exchange((visit) => void assert.equal(visit.auth, undefined), {
      cookie,
    })
    assert.equal(head.cookies.length, 1)
    assert.equal(head.cookies[0]!.maxAge, 0)
    assert.deepEqual(store.calls, [])
    assert.equal(sessions.counts.duplicate_cookies, 1)
    await browser.exchange((visit) => visit.session.logout(), { cookie })
    assert.equal((await browser.look()).auth, undefined)
    assert.equal((await other.look()).auth, undefined, 'logout ends all genuine ones')
  })

  test('R11 genuine cookies of one session: the newest', async () => {
    let time = 2_000_000_000_000
    const sessions = createSessions({
      keys,
      fields: ['id'],
      store: memory({ now: () => time }),
      now: () => time,
    })
    const browser = new Browser(sessions)
    await browser.request((visit) => visit.session.login({ id: 'alice' }))
    const old = browser.cookie
    time += 10 * 60_000
    await browser.request((visit) => void visit.auth)
    assert.notEqual(browser.cookie, old)
    for (const cookie of [`${old}; ${browser.cookie}`, `${browser.cookie}; ${old}`]) {
      const { head } = await browser.exchange((visit) => void assert.ok(visit.auth), { cookie })
      assert.deepEqual(head.cookies, [])
    }
  })

  test('CKI-03 more than three copies: nobody, without a look at them', async () => {
    const { browser, store, name, token } = await loggedIn()
    const cookie = Array(4).fill(`${name}=${token}`).join('; ')
    const { head } = await browser.exchange((visit) => void assert.equal(visit.auth, undefined), {
      cookie,
    })
    assert.equal(head.cookies.length, 1)
    assert.deepEqual(store.calls, [])
  })

  test('R11 a logout ends the session also behind many copies', async () => {
    const { browser, sessions, name, token } = await loggedIn()
    const cookie = `${name}=${token}; ${name}=a; ${name}=b; ${name}=c`
    await browser.exchange((visit) => visit.session.logout(), { cookie })
    const { auth } = await new Browser(sessions).exchange(() => 200).then(() => browser.look())
    assert.equal(auth, undefined)
  })

  test('CKI-20 only the configured name is read', async () => {
    const { browser, token } = await loggedIn()
    await browser.exchange((visit) => void assert.equal(visit.auth, undefined), {
      cookie: `sessionid=${token}`,
    })
  })

  test('cookie.previous: read under its old name, set under the new, the old one cleared', async () => {
    const { sessions: before, store, browser } = await loggedIn()
    assert.ok(before)
    const sessions = createSessions({
      keys,
      fields: ['id'],
      store,
      cookie: {
        name: 'renamed',
        secure: false,
        previous: [{ name: browser.jar.keys().next().value! }],
      },
    })
    const moved = new Browser(sessions)
    for (const [name, value] of browser.jar) moved.jar.set(name, value)
    await moved.request((visit) => void assert.ok(visit.auth))
    assert.deepEqual([...moved.jar.keys()], ['renamed'])
    assert.ok((await moved.look()).auth)
  })

  test('R10 a cookie whose record is gone is cleared only by a navigation, a minute later', async () => {
    let time = 2_000_000_000_000
    const now = (): number => time
    const sessions = createSessions({ keys, fields: ['id'], store: memory({ now }), now })
    const { browser } = { browser: new Browser(sessions) }
    await browser.request((visit) => visit.session.login({ id: 'alice' }))
    const elsewhere = new Browser(
      createSessions({ keys, fields: ['id'], store: memory({ now }), now }),
    )
    const { cookie } = browser
    const cleared = async (navigation: boolean): Promise<number> =>
      (await elsewhere.exchange(() => 200, { cookie: cookie!, navigation })).head.cookies.length
    assert.equal(await cleared(true), 0)
    time += 61_000
    assert.equal(await cleared(false), 0)
    assert.equal(await cleared(true), 1)
  })
})

/** Code of CommonJS apps, where a refused assignment is silent. */
// oxlint-disable-next-line typescript/no-implied-eval
const setInSloppyMode = new Function('session', 'name', 'session[name] = 1')

describe('what the app puts into a session', () => {
  const lossy: [string, unknown][] = [
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['BigInt', 1n],
    ['NaN', NaN],
    ['Infinity', -Infinity],
    ['Map', new Map()],
    ['Set', new Set([1])],
    ['Buffer', Buffer.from('x')],
    ['Uint8Array', new Uint8Array(2)],
    [
      'a class instance',
      new (class Cart {
        items = []
      })(),
    ],
    [
      'a getter that throws',
      Object.defineProperty({}, 'x', {
        enumerable: true,
        get() {
          throw new Error('no')
        },
      }),
    ],
    ['nested', { a: [{ b: new Map() }] }],
    ['undefined in a list', [undefined]],
    ['a hole', Array(1)],
    ['a list with names', Object.assign([1], { x: 1 })],
    ['an invalid Date', new Date(NaN)],
    ['a nested function', { f: () => 1 }],
    ['an object without constructor', Object.create({ __proto__: { constructor: undefined } })],
  ]
  for (const [what, value] of lossy) {
    test(`SES-08 SES-43 ${what} is an error naming the property, never silent loss`, async () => {
      const { browser, store } = make()
      const { error, head } = await browser.request(
        (visit) => void (visit.session['thing'] = value),
      )
      assert.equal(error?.code, 'invalid_data')
      assert.deepEqual([head.cookies, store.calls], [[], []])
    })
  }

  test('SES-08 a cycle', async () => {
    const { browser } = make()
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const { error } = await browser.request((visit) => void (visit.session['cycle'] = cycle))
    assert.equal(error?.code, 'invalid_data')
  })

  test('SES-08 what JSON keeps comes back', async () => {
    const { browser } = make()
    const data = {
      text: 'a\u0000\u{1F600}\ud800',
      n: -1.5e-7,
      t: true,
      none: null,
      list: [1, [2]],
      date: new Date(0),
    }
    await browser.request((visit) => void Object.assign(visit.session, data, { gone: undefined }))
    assert.deepEqual((await browser.look()).data, { ...data, date: '1970-01-01T00:00:00.000Z' })
  })

  test('SES-34 data above 64 KiB are refused, the old ones stay', async () => {
    const { browser } = make()
    await browser.request((visit) => void (visit.session['a'] = 'x'.repeat(60_000)))
    const { error } = await browser.request(
      (visit) => void (visit.session['b'] = 'x'.repeat(6_000)),
    )
    assert.equal(error?.code, 'data_too_large')
    assert.deepEqual(Object.keys((await browser.look()).data), ['a'])
  })

  test('SES-40 names from users: data or an error, and no prototype is touched', async () => {
    const { browser } = make()
    await browser.request(
      (visit) => void Object.assign(visit.session, { constructor: 1, prototype: 2, toString: 3 }),
    )
    const seen: any = (await browser.look()).data
    assert.deepEqual([seen.constructor, seen.prototype, seen.toString], [1, 2, 3])
    const { error } = await browser.request(
      (visit) => void ((visit.session as any).__proto__ = { admin: true }),
    )
    assert.equal(error?.code, 'invalid_data')
    assert.equal(({} as any).admin, undefined)
  })

  test('SES-42 a reserved name is refused, also in sloppy mode', async () => {
    const { browser } = make()
    for (const name of ['id', 'login', 'save', 'jwt', 'expires']) {
      const { error } = await browser.request((visit) => {
        setInSloppyMode(visit.session, name)
      })
      assert.equal(error?.code, 'invalid_data', name)
    }
  })

  test('SES-41 SES-42 stored data with taken names: methods intact, nothing dropped', async () => {
    const { browser, store } = await loggedIn()
    const { cookie } = browser
    let id = ''
    await browser.request((visit) => void (id = visit.session.id))
    const record = (await store.read(id)) as any
    const data = '{"__proto__":{"admin":true},"save":"mine","jwt":{"userId":"root"},"id":"x","a":1}'
    await store.update(id, { ...record, data }, record.version)
    await browser.request((visit) => {
      const session: any = visit.session
      assert.equal(typeof session.save, 'function')
      assert.equal(session.admin, undefined)
      assert.deepEqual(
        session.jwt,
        { sub: 'alice', id: 'alice' },
        'R3: a stored jwt is never believed',
      )
      assert.deepEqual(Object.keys(session), ['a'])
      session.a = 2
    })
    const after = JSON.parse(((await store.read(id)) as any).data)
    assert.deepEqual(Object.keys(after).toSorted(), ['__proto__', 'a', 'id', 'jwt', 'save'])
    assert.equal(after.a, 2)
    assert.equal(browser.cookie, cookie)
  })

  test('STO-16 a record that is not ours: nobody, an event, never written over', async () => {
    for (const data of ['', '{', '[]', 'null', '"x"', '\u0080\u0004}.']) {
      const { browser, store, sessions } = await loggedIn()
      let id = ''
      await browser.request((visit) => void (id = visit.session.id))
      const record = (await store.read(id)) as any
      await store.update(id, { ...record, data }, record.version)
      const { status } = await browser.exchange((visit) => {
        assert.deepEqual({ ...visit.session }, {})
        assert.equal(visit.auth, undefined)
        visit.session['a'] = 1
      })
      assert.equal(status, 200)
      assert.equal(sessions.counts.record_invalid, 1)
      assert.equal(((await store.read(id)) as any).data, data)
    }
  })

  test('CCH-06 what an app does to req.auth stays with it', async () => {
    const { browser } = await loggedIn()
    await browser.exchange((visit) => {
      assert.throws(() => ((visit.auth as any).sub = 'root'), TypeError)
    })
    assert.equal(((await browser.look()).auth as any).sub, 'alice')
  })

  test('LOG-03 inspect shows data, no id and no token', async () => {
    const { inspect } = await import('node:util')
    const { browser, token } = await loggedIn()
    await browser.exchange((visit) => {
      visit.session['a'] = 1
      const text =
        inspect(visit.session, { depth: 10, showHidden: true }) + JSON.stringify(visit.session)
      assert.match(text, /a: 1/)
      assert.ok(!text.includes(visit.session.id) && !text.includes(token))
    })
  })
})
