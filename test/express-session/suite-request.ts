import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { idOf, oldCookie, sessionCookie } from './client.ts'
import type { Kit } from './kit.ts'
import { SECRET } from './subjects.ts'

const cookieParser = createRequire(import.meta.url)('cookie-parser')

/** §1.3: what happens to a request before the app sees it. */
export function request(kit: Kit): void {
  test('1.3 a request that has a session already passes', async (t) => {
    const { get } = await kit.serve(t, {
      before: (req, _res, next) => {
        req.session = { mine: true }
        next()
      },
      handler: (req, res) => res.end(JSON.stringify([req.session, req.sessionID ?? null])),
    })
    assert.equal((await get()).body, '[{"mine":true},null]')
  })

  test('1.3 two middlewares on one path share the session', async (t) => {
    const store = new kit.subject.session.MemoryStore()
    const { get } = await kit.serve(t, {
      options: { store, saveUninitialized: true },
      handler(req, res) {
        const first = req.session
        kit.middleware({ store, saveUninitialized: true })(req, res, () =>
          res.end(String(req.session === first)),
        )
      },
    })
    const reply = await get()
    assert.equal(reply.body, 'true')
    assert.equal(reply.cookies.length, 1)
  })

  test('1.3 cookie.path: a prefix of the text', async (t) => {
    const { get } = await kit.serve(t, {
      options: { cookie: { path: '/foo' } },
      handler: (req, res) => res.end(String(req.session !== undefined)),
    })
    const paths = { '/foo': true, '/foo/bar': true, '/foobar': true, '/bar': false, '/': false }
    for (const [path, served] of Object.entries(paths)) {
      assert.equal((await get(path)).body, String(served), path)
    }
    assert.equal((await get('/bar?/foo')).body, 'false')
    assert.equal((await get('/foo?x=/bar')).body, 'true')
  })

  test('1.3 cookie.path: of the original URL, under a mount too', async (t) => {
    const middleware = kit.middleware({ cookie: { path: '/admin' } })
    const { get } = await kit.serve(t, {
      middleware(req, res, next) {
        req.url = '/rewritten'
        middleware(req, res, next)
      },
      handler: (req, res) => res.end(String(req.session !== undefined)),
    })
    assert.equal((await get('/admin/x')).body, 'true')
    assert.equal((await get('/other')).body, 'false')
  })

  test('1.3 a URL in absolute form, or none, has its path', async () => {
    for (const [url, served] of [
      ['http://example.org/admin', true],
      ['http://example.org/', false],
      ['', false],
    ] as const) {
      const req: any = { url, headers: {}, connection: {} }
      await new Promise((next) =>
        kit.middleware({ cookie: { path: '/admin' } })(req, response(), next),
      )
      assert.equal(req.session !== undefined, served, url)
    }
  })

  test('1.3 without a cookie the session is there at once', () => {
    const req: any = { url: '/', headers: {}, connection: {} }
    let called = false
    kit.middleware()(req, response(), () => (called = true))
    assert.equal(called, true)
    assert.equal(req.sessionID, req.session.id)
    assert.equal(typeof req.sessionStore.get, 'function')
  })

  test('1.3 a request of node:http has no more than that', async (t) => {
    const middleware = kit.middleware({ saveUninitialized: true })
    const { get } = await kit.serve(t, {
      middleware(req, res) {
        const bare = Object.create(req, {
          originalUrl: { value: undefined },
          secure: { value: undefined },
          session: { value: undefined, writable: true },
        })
        middleware(bare, res, () => res.end(bare.session.id))
      },
    })
    const reply = await get()
    assert.equal(idOf(reply), reply.body)
  })

  test('1.3 the stored session is found, under its id', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      handler: (req, res) =>
        res.end(JSON.stringify([req.session.id, req.sessionID, req.session.name])),
    })
    const reply = await get('/', { cookie })
    const [id, sessionID, name] = JSON.parse(reply.body)
    assert.deepEqual([sessionID, name], [id, 'Ada'])
    assert.deepEqual(reply.cookies, [])
  })

  test('1.3 a store that fails: next(error), and no session', async (t) => {
    const { get, store, errors, cookie } = await kit.begun(t, {})
    store.get = (_id: string, done: any) => done(new Error('boom'))
    const reply = await get('/', { cookie })
    assert.deepEqual([reply.status, reply.body], [500, 'boom'])
    assert.equal(errors[0].constructor, Error)
    assert.deepEqual(reply.cookies, [])
  })

  test('1.3 ENOENT means not found', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      handler: (req, res) => res.end(String(req.session.name)),
    })
    store.get = (_id: string, done: any) => done(Object.assign(new Error(), { code: 'ENOENT' }))
    assert.equal((await get('/', { cookie })).body, 'undefined')
  })

  test('1.3 a session that is gone: a new one under a new id', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      handler: (req, res) => {
        req.session.again = true
        res.end(req.session.id)
      },
    })
    await new Promise((done) => store.clear(done))
    const reply = await get('/', { cookie })
    assert.equal(idOf(reply), reply.body)
    assert.notEqual(sessionCookie(reply), cookie)
    assert.deepEqual(Object.keys(store.sessions), [reply.body])
  })

  test('1.3 an expired session is gone', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      handler: (req, res) => res.end(String(req.session.name)),
    })
    for (const id of Object.keys(store.sessions)) {
      const data = JSON.parse(store.sessions[id])
      data.cookie.expires = new Date(Date.now() - 1000)
      store.sessions[id] = JSON.stringify(data)
    }
    assert.equal((await get('/', { cookie })).body, 'undefined')
  })

  test('1.3 a stored session without a cookie is an error', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {})
    for (const id of Object.keys(store.sessions)) store.sessions[id] = '{"name":"Ada"}'
    const reply = await get('/', { cookie })
    assert.equal(reply.status, 500)
    assert.match(reply.body, /Cannot read prop/)
  })

  test('1.3 what genid throws is the app’s error', async (t) => {
    const broken = (): never => {
      throw new Error('no id')
    }
    const { get, cookie, store } = await kit.begun(t, {
      options: { genid: (req: any) => (req.path === '/begin' ? 'x'.repeat(20) : broken()) },
    })
    await new Promise((done) => store.clear(done))
    assert.deepEqual((await get('/', { cookie })).body, 'no id')
  })

  test('1.3 cookie-parser: its signed cookies and its cookies, where the header has none', async (t) => {
    const parser = cookieParser(SECRET)
    for (const name of ['signedCookies', 'cookies']) {
      const { get, store } = await kit.serve(t, {
        before(req, res, next) {
          const header = req.headers.cookie
          parser(req, res, () => {
            if (name === 'cookies')
              req.cookies = { 'connect.sid': decodeURIComponent(header.slice(12)) }
            delete req.headers.cookie
            next()
          })
        },
        handler: (req, res) => res.end(String(req.session.name)),
      })
      store.sessions['x'.repeat(32)] = JSON.stringify({ cookie: {}, name: 'Ada' })
      const reply = await get('/', { cookie: oldCookie('x'.repeat(32)) })
      assert.equal(reply.body, 'Ada', name)
    }
  })

  test('1.3 a synchronous store is served synchronously', async (t) => {
    const store = new SyncStore()
    const { get } = await kit.serve(t, {
      options: { store: Object.assign(new kit.subject.session.Store(), store) },
      handler(req, res) {
        let calls = 0
        req.session.n = (req.session.n ?? 0) + 1
        req.session.save(() => calls++)
        assert.equal(calls, 1)
        res.end(String(req.session.n))
      },
    })
    const first = await get()
    assert.equal((await get('/', { cookie: sessionCookie(first) })).body, '2')
  })
}

class SyncStore {
  readonly sessions: Record<string, string> = {}
  get = (id: string, done: any): void => done(null, JSON.parse(this.sessions[id] ?? 'null'), 'more')
  set = (id: string, data: object, done: any): void => {
    this.sessions[id] = JSON.stringify(data)
    done()
  }
  destroy = (id: string, done: any): void => {
    delete this.sessions[id]
    done()
  }
}

function response(): any {
  const nothing = (): void => {}
  return {
    writeHead: nothing,
    write: nothing,
    end: nothing,
    flushHeaders: nothing,
    getHeader: nothing,
    getHeaderNames: () => [],
    setHeader: nothing,
  }
}
