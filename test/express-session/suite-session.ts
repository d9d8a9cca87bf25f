import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idIn, idOf, sessionCookie } from './client.ts'
import type { Kit } from './kit.ts'

/** §1.4 and 1.7: what an app can do with `req.session`. */
export function session(kit: Kit): void {
  test('1.4 data and cookie are all one can enumerate', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      handler(req, res) {
        const names: string[] = []
        for (const name in req.session) names.push(name)
        res.end(JSON.stringify([names, Object.keys(req.session), req.session]))
      },
    })
    const [inherited, own, json] = JSON.parse((await get('/', { cookie })).body)
    assert.deepEqual(inherited.toSorted(), ['cookie', 'name'])
    assert.deepEqual(own.toSorted(), ['cookie', 'name'])
    assert.equal(json.name, 'Ada')
    assert.deepEqual(json.cookie, {
      originalMaxAge: null,
      expires: null,
      httpOnly: true,
      path: '/',
    })
  })

  test('1.4 id and req cannot be written', async (t) => {
    const { get } = await kit.serve(t, {
      handler(req, res) {
        'use strict'
        assert.throws(() => (req.session.id = 'x'), TypeError)
        assert.throws(() => (req.session.req = 'x'), TypeError)
        assert.equal(req.session.req, req)
        res.end('ok')
      },
    })
    assert.equal((await get()).body, 'ok')
  })

  test('1.4 stored names that are taken hide no method', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      handler: (req, res) =>
        res.end(`${typeof req.session.save} ${req.session.x} ${req.session.id}`),
    })
    const id = Object.keys(store.sessions)[0]!
    store.sessions[id] = JSON.stringify({ cookie: {}, x: 1, save: 2, id: 3, req: 4, touch: 5 })
    assert.equal((await get('/', { cookie })).body, `function 1 ${id}`)
  })

  test('1.4 with a callback the methods return the session', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      handler(req, res) {
        const it = req.session
        assert.equal(it.touch(), it)
        assert.equal(it.resetMaxAge(), it)
        const saved = it.save(() => {
          const reloaded = it.reload(() => {
            const next = req.session
            const regenerated = next.regenerate(() => {
              const last = req.session
              assert.equal(
                last.destroy(() => res.end('done')),
                last,
              )
            })
            assert.equal(regenerated, next)
          })
          assert.equal(reloaded, kit.differs(undefined, it))
        })
        assert.equal(saved, kit.differs(undefined, it))
      },
    })
    assert.equal((await get('/', { cookie })).body, 'done')
  })

  test('1.4 save stores at once, what is set later too', async (t) => {
    const { get, stored } = await kit.serve(t, {
      handler(req, res) {
        req.session.a = 1
        req.session.save((error: unknown) => {
          const early = JSON.parse(req.sessionStore.sessions[req.session.id])
          req.session.b = 2
          res.end(JSON.stringify([error ?? null, early.a, early.b ?? null]))
        })
      },
    })
    const reply = await get()
    assert.deepEqual(JSON.parse(reply.body), [null, 1, null])
    assert.deepEqual(stored(idOf(reply)), { a: 1, b: 2 })
  })

  test('1.4 save tells of the store’s error', async (t) => {
    const { get, store } = await kit.serve(t, {
      handler(req, res) {
        req.session.a = 1
        req.session.save((error: Error) => {
          req.session = null
          res.end(error.message)
        })
      },
    })
    store.set = (_id: string, _data: object, done: any) => done(new Error('boom'))
    assert.equal((await get()).body, 'boom')
  })

  test('1.4 reload drops what was not stored, into a new session', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      handler(req, res) {
        const before = req.session
        req.session.name = 'Eve'
        req.session.extra = true
        req.session.reload((error: unknown) =>
          res.end(
            JSON.stringify([
              error ?? null,
              req.session.name,
              req.session.extra ?? null,
              req.session === before,
              req.session.id === before.id,
            ]),
          ),
        )
      },
    })
    assert.deepEqual(JSON.parse((await get('/', { cookie })).body), [
      null,
      'Ada',
      null,
      false,
      true,
    ])
  })

  test('1.4 reload of a session that is not stored', async (t) => {
    const { get } = await kit.serve(t, {
      handler: (req, res) => req.session.reload((error: Error) => res.end(error.message)),
    })
    assert.equal((await get()).body, 'failed to load session')
  })

  test('1.4 reload tells of the store’s error', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      handler(req, res) {
        req.sessionStore.get = (_id: string, done: any) => done(new Error('boom'))
        req.session.reload((error: Error) => res.end(error.message))
      },
    })
    assert.equal((await get('/', { cookie })).body, 'boom')
  })

  test('1.4 destroy takes req.session away at once, then the stored one', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      handler(req, res) {
        req.session.destroy((error: unknown) =>
          res.end(
            JSON.stringify([
              error ?? null,
              'session' in req,
              Object.keys(req.sessionStore.sessions),
            ]),
          ),
        )
        assert.equal('session' in req, false)
      },
    })
    assert.deepEqual(JSON.parse((await get('/', { cookie })).body), [null, false, []])
  })

  test('1.4 regenerate: another id, no data, the old one ended', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      handler(req, res) {
        const before = req.session
        req.session.regenerate((error: unknown) => {
          assert.equal(error ?? null, null)
          assert.notEqual(req.session.id, before.id)
          assert.equal(req.session.id, req.sessionID)
          assert.equal(before.name, 'Ada')
          req.session.fresh = true
          res.end(JSON.stringify(Object.keys(req.session)))
        })
      },
    })
    const reply = await get('/', { cookie })
    assert.deepEqual(JSON.parse(reply.body).toSorted(), ['cookie', 'fresh'])
    assert.deepEqual(Object.keys(store.sessions), [idOf(reply)])
    assert.notEqual(idOf(reply), idIn(cookie))
  })

  test('1.4 regenerate in a row, save in between', async (t) => {
    const { get, stored } = await kit.serve(t, {
      handler(req, res) {
        req.session.a = 1
        req.session.save(() =>
          req.session.regenerate(() => {
            req.session.b = 2
            req.session.save(() =>
              req.session.regenerate(() => {
                req.session.c = 3
                res.end(req.session.id)
              }),
            )
          }),
        )
      },
    })
    const reply = await get()
    assert.equal(idOf(reply), reply.body)
    assert.deepEqual(stored(reply.body), { c: 3 })
  })

  test('1.4 store.generate and store.createSession serve others', async (t) => {
    const { get, store } = await kit.serve(t, {
      handler(req, res) {
        if (req.path === '/generate') {
          req.sessionStore.generate(req)
          req.session.by = 'generate'
        } else {
          const data = { cookie: { maxAge: null }, by: 'create' }
          req.sessionStore.createSession(req, data)
        }
        assert.ok(req.session instanceof kit.subject.session.Session)
        res.end(req.session.id)
      },
    })
    for (const [path, by] of Object.entries({ '/generate': 'generate', '/create': 'create' })) {
      const reply = await get(path)
      assert.equal(idOf(reply), reply.body, path)
      assert.equal(JSON.parse(store.sessions[reply.body]).by, by)
    }
  })

  test('1.4 cookie.maxAge: less and less, until touched', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      options: { cookie: { maxAge: 60_000 } },
      handler(req, res) {
        const left = req.session.cookie.maxAge
        req.session.touch()
        res.end(
          JSON.stringify([left, req.session.cookie.maxAge, req.session.cookie.originalMaxAge]),
        )
      },
    })
    const id = Object.keys(store.sessions)[0]!
    const data = JSON.parse(store.sessions[id])
    data.cookie.expires = new Date(Date.now() + 30_000)
    store.sessions[id] = JSON.stringify(data)
    const [left, touched, original] = JSON.parse((await get('/', { cookie })).body)
    assert.ok(left <= 30_000 && left > 25_000)
    assert.ok(touched > 55_000)
    assert.equal(original, 60_000)
  })

  test('SES-24 originalMaxAge stays what it was over 50 rolling requests', async (t) => {
    const { get, stored, store, cookie } = await kit.begun(t, {
      options: { rolling: true, cookie: { maxAge: 60_000 } },
      handler: (req, res) => res.end(String(req.session.cookie.originalMaxAge)),
    })
    let current = cookie
    for (let turn = 0; turn < 50; turn++) {
      const reply = await get('/', { cookie: current })
      // There it loses a millisecond whenever the clock ticks between two of its lines.
      const lost = 60_000 - Number(reply.body)
      assert.ok(lost >= 0 && lost <= kit.differs(1000, 0), reply.body)
      current = sessionCookie(reply)!
    }
    assert.deepEqual(stored(idIn(current)), { name: 'Ada' })
    assert.equal(Object.keys(store.sessions).length, 1)
  })

  test('1.7 what of the session counts as a change', async (t) => {
    const changes: [string, (it: any) => unknown, boolean][] = [
      ['nothing', () => {}, false],
      ['the same value', (it) => (it.name = 'Ada'), false],
      ['a value', (it) => (it.name = 'Eve'), true],
      ['a nested value', (it) => (it.deep = { cookie: 1 }), true],
      ['a removed value', (it) => delete it.name, true],
      ['undefined', (it) => (it.nothing = undefined), false],
      ['a function', (it) => (it.call = () => {}), false],
      ['its cookie', (it) => (it.cookie.path = '/x'), false],
    ]
    for (const [what, change, counts] of changes) {
      const calls: string[] = []
      const { get, store, cookie } = await kit.begun(t, {
        handler(req, res) {
          change(req.session)
          res.end()
        },
      })
      for (const name of ['set', 'touch']) {
        const call = store[name]
        store[name] = (...values: unknown[]) => {
          calls.push(name)
          return call.apply(store, values)
        }
      }
      await get('/', { cookie })
      assert.deepEqual(calls, [counts ? 'set' : 'touch'], what)
    }
  })

  test('1.7 a change of the cookie alone reaches the store by touch', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      options: { cookie: { maxAge: 60_000 } },
      handler(req, res) {
        req.session.cookie.maxAge = 5_000_000
        res.end()
      },
    })
    const reply = await get('/', { cookie })
    assert.deepEqual(reply.cookies, [])
    const { originalMaxAge } = JSON.parse(Object.values<string>(store.sessions)[0]!).cookie
    assert.ok(originalMaxAge > 4_999_000)
  })

  test('1.9 a session that JSON cannot hold is an error, and no broken answer', async (t) => {
    if (!kit.subject.ours) return // the socket hangs up there: nothing to wait for
    for (const bad of [{ n: 1n }, cycle()]) {
      const { get, errors } = await kit.serve(t, {
        handler(req, res) {
          Object.assign(req.session, bad)
          res.end('fine')
        },
      })
      const reply = await get()
      assert.equal(reply.status, 500)
      assert.equal(errors.length, 1)
      assert.deepEqual(reply.cookies, [])
    }
  })
}

function cycle(): object {
  const it: any = {}
  it.it = it
  return it
}
