import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import { attributesOf, idOf, oldCookie, sessionCookie } from './client.ts'
import type { Kit } from './kit.ts'
import { OTHER_SECRET, SECRET } from './subjects.ts'

const modify = (req: any, res: any): void => {
  req.session.seen = true
  res.end(req.session.id)
}

/** §1.2: every option, its default, its errors. */
export function options(kit: Kit): void {
  test('1.2 secret: missing, every request is an error', async (t) => {
    const { get } = await kit.serve(t, { options: { secret: undefined } })
    const reply = await get()
    assert.equal(reply.status, 500)
    assert.match(reply.body, /secret.*required/)
  })

  test('1.2 secret: an empty list is an error at once', () => {
    assert.throws(() => kit.middleware({ secret: [] }), {
      name: 'TypeError',
      message: 'secret option array must contain one or more strings',
    })
  })

  test('1.2 secret: req.secret of cookie-parser takes its place', async (t) => {
    const { get } = await kit.serve(t, {
      options: { secret: undefined },
      before: (req, _res, next) => {
        req.secret = SECRET
        next()
      },
      handler: modify,
    })
    const first = await get()
    assert.equal((await get('/', { cookie: sessionCookie(first) })).body, idOf(first))
  })

  test('1.2 secret: of a list the first signs, all verify', async (t) => {
    const store = new kit.subject.session.MemoryStore()
    const before = await kit.serve(t, { options: { store, secret: OTHER_SECRET }, handler: modify })
    const both = await kit.serve(t, {
      options: { store, secret: [SECRET, OTHER_SECRET] },
      handler: modify,
    })
    const after = await kit.serve(t, { options: { store, secret: SECRET }, handler: modify })
    const old = await before.get()
    assert.equal((await both.get('/', { cookie: sessionCookie(old) })).body, idOf(old))
    assert.notEqual((await after.get('/', { cookie: sessionCookie(old) })).body, idOf(old))
    const fresh = await both.get()
    assert.equal((await after.get('/', { cookie: sessionCookie(fresh) })).body, idOf(fresh))
    assert.notEqual((await before.get('/', { cookie: sessionCookie(fresh) })).body, idOf(fresh))
  })

  test('1.2 secret: buffers and KeyObjects do as well', async (t) => {
    for (const secret of [Buffer.from(SECRET), createSecretKey(Buffer.from(SECRET))]) {
      const { get } = await kit.serve(t, { options: { secret }, handler: modify })
      const first = await get()
      assert.equal((await get('/', { cookie: sessionCookie(first) })).body, idOf(first))
    }
  })

  test('1.2 name: connect.sid; key is another word for it', async (t) => {
    for (const [given, name] of [
      [{}, 'connect.sid'],
      [{ name: 'sid' }, 'sid'],
      [{ key: 'k' }, 'k'],
      [{ name: 'sid', key: 'k' }, 'sid'],
    ] as const) {
      const { get } = await kit.serve(t, { options: given, handler: modify })
      const reply = await get()
      assert.ok(idOf(reply, name), name)
      assert.equal((await get('/', { cookie: sessionCookie(reply, name) })).body, idOf(reply, name))
    }
  })

  test('1.2 genid: its text is the id, whatever it holds; it gets the request', async (t) => {
    for (const id of ['apple', '%', '/foo', 'a b', '€']) {
      const { get } = await kit.serve(t, {
        options: { genid: (req: any) => `${id}${req.headers['x-tail'] ?? ''}` },
        handler: modify,
      })
      assert.equal(idOf(await get()), id)
      const reply = await get('/', { headers: { 'x-tail': '!' } })
      assert.equal(idOf(reply), `${id}!`)
      assert.equal(reply.body, `${id}!`)
      const again = await get('/', { cookie: sessionCookie(reply) })
      assert.equal(again.body, reply.body)
    }
    assert.throws(() => kit.middleware({ genid: 'x' }), /genid option must be a function/)
  })

  test('1.2 genid: by default 32 characters of base64url, all different', async (t) => {
    const { get } = await kit.serve(t, {})
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await get()).body))
    assert.ok(ids.every((id) => /^[\w-]{32}$/.test(id)))
    assert.equal(new Set(ids).size, 20)
  })

  test('1.2 unset: anything but keep and destroy is an error', () => {
    for (const unset of ['other', 1, true]) {
      assert.throws(() => kit.middleware({ unset }), {
        message: 'unset option must be "destroy" or "keep"',
      })
    }
    for (const unset of ['keep', 'destroy', undefined, '']) kit.middleware({ unset })
  })

  test('1.2 resave and saveUninitialized: true where nothing is said', async (t) => {
    const store = new kit.subject.session.MemoryStore()
    const given = { store, resave: undefined, saveUninitialized: undefined }
    const { get } = await kit.serve(t, { options: given })
    const reply = await get()
    assert.ok(idOf(reply))
    let sets = 0
    const { set } = store
    store.set = function counted(...values: unknown[]) {
      sets++
      return set.apply(this, values)
    }
    await get('/', { cookie: sessionCookie(reply) })
    assert.equal(sets, 1)
  })

  test('1.2 proxy: true believes the first X-Forwarded-Proto, false nobody, undefined Express', async (t) => {
    const cases: [boolean | undefined, string | undefined, boolean, boolean][] = [
      [true, 'https', false, true],
      [true, 'HTTPS , http', false, true],
      [true, 'http,https', false, false],
      [true, undefined, false, false],
      [false, 'https', true, false],
      [undefined, 'https', true, true],
      [undefined, 'https', false, false],
    ]
    for (const [proxy, proto, trustProxy, secure] of cases) {
      const { get } = await kit.serve(t, {
        options: { proxy, cookie: { secure: true } },
        handler: modify,
        trustProxy,
      })
      const reply = await get('/', { headers: proto ? { 'x-forwarded-proto': proto } : {} })
      assert.equal(idOf(reply) !== undefined, secure, JSON.stringify([proxy, proto, trustProxy]))
    }
  })

  test('1.2 proxy: a TLS socket always counts', async (t) => {
    const { get } = await kit.serve(t, {
      options: { proxy: false, cookie: { secure: true } },
      before: (req, _res, next) => {
        req.connection.encrypted = true
        next()
      },
      handler: modify,
    })
    assert.equal(attributesOf(await get())['secure'], true)
  })

  test('1.2 cookie: Path=/; HttpOnly where nothing is said', async (t) => {
    const { get } = await kit.serve(t, { handler: modify })
    assert.deepEqual(attributesOf(await get()), { path: '/', httponly: true })
  })

  test('1.2 cookie: every attribute', async (t) => {
    const cookie = {
      domain: 'example.com',
      path: '/',
      httpOnly: false,
      maxAge: 3_600_000,
      partitioned: true,
      priority: 'medium',
      sameSite: 'none',
    }
    const { get } = await kit.serve(t, { options: { cookie }, handler: modify })
    const { expires, ...rest } = attributesOf(await get())
    assert.deepEqual(rest, {
      domain: 'example.com',
      path: '/',
      partitioned: true,
      priority: 'Medium',
      samesite: 'None',
    })
    const left = Date.parse(String(expires)) - Date.now()
    assert.ok(left > 3_590_000 && left <= 3_600_000, String(left))
  })

  test('1.2 cookie.expires: a fixed date', async (t) => {
    const expires = new Date(Date.now() + 7_200_000)
    const { get } = await kit.serve(t, { options: { cookie: { expires } }, handler: modify })
    const left = Date.parse(String(attributesOf(await get())['expires'])) - expires.getTime()
    assert.ok(Math.abs(left) < 2000, String(left))
  })

  test('1.2 cookie.secure: without a secure request no cookie, but the session is stored', async (t) => {
    const { get, stored } = await kit.serve(t, {
      options: { cookie: { secure: true } },
      handler: modify,
    })
    const reply = await get()
    assert.deepEqual(reply.cookies, [])
    assert.deepEqual(stored(reply.body), { seen: true })
  })

  test('1.2 cookie auto: what the request is, when the session is made', async (t) => {
    const { get } = await kit.serve(t, {
      options: { proxy: true, cookie: { secure: 'auto', sameSite: 'auto' } },
      handler: modify,
    })
    const insecure = attributesOf(await get())
    assert.deepEqual([insecure['secure'], insecure['samesite']], [undefined, 'Lax'])
    const secure = attributesOf(await get('/', { headers: { 'x-forwarded-proto': 'https' } }))
    assert.deepEqual([secure['secure'], secure['samesite']], [true, 'None'])
  })

  test('1.2 cookie as a function: of the request', async (t) => {
    const { get } = await kit.serve(t, {
      options: { cookie: (req: any) => ({ path: '/', domain: `${req.headers['x-at']}.org` }) },
      handler: modify,
    })
    const reply = await get('/', { headers: { 'x-at': 'one' } })
    assert.equal(attributesOf(reply)['domain'], 'one.org')
  })

  test('1.9 a function that answers auto: resolved, where express-session refuses or drops it', async (t) => {
    const { get } = await kit.serve(t, {
      options: { cookie: () => ({ secure: 'auto', sameSite: 'auto' }) },
      handler: modify,
    })
    const reply = await get()
    assert.equal(idOf(reply) !== undefined, kit.differs(false, true))
    assert.equal(attributesOf(reply)['samesite'], kit.differs(undefined, 'Lax'))
  })

  test('1.2 store: its events turn sessions off and on', async (t) => {
    const { get, store } = await kit.serve(t, {
      handler: (req, res) => res.end(String(req.session !== undefined)),
    })
    assert.equal((await get()).body, 'true')
    store.emit('disconnect')
    assert.equal((await get()).body, 'false')
    store.emit('connect')
    assert.equal((await get()).body, 'true')
  })

  test('1.9 store: one without events', async (t) => {
    const sessions = new Map<string, string>()
    const store = {
      sessions: {},
      get: (id: string, done: any) => done(null, JSON.parse(sessions.get(id) ?? 'null')),
      set: (id: string, data: object, done: any) =>
        done(void sessions.set(id, JSON.stringify(data))),
      destroy: (id: string, done: any) => done(void sessions.delete(id)),
      createSession: kit.subject.session.Store.prototype.createSession,
    }
    if (!kit.subject.ours) {
      assert.throws(() => kit.middleware({ store }), /store\.on is not a function/)
      return
    }
    const { get } = await kit.serve(t, { options: { store }, handler: modify })
    const reply = await get()
    assert.equal((await get('/', { cookie: sessionCookie(reply) })).body, reply.body)
  })

  test('1.3 an id of a cookie that nobody signed, or another signed, is never taken', async (t) => {
    const { get, store } = await kit.serve(t, { handler: modify })
    store.sessions['known'] = JSON.stringify({ cookie: {}, name: 'Ada' })
    const forged = [
      oldCookie('known', OTHER_SECRET),
      'connect.sid=known',
      'connect.sid=s%3Aknown.',
      'connect.sid=s%3Aknown',
      'connect.sid=j:{"id":"known"}',
      'connect.sid=%E0%A4%A',
    ]
    for (const cookie of forged) {
      const reply = await get('/', { cookie })
      assert.match(reply.body, /^[\w-]{32}$/, cookie)
      assert.equal(idOf(reply), reply.body)
    }
  })
}
