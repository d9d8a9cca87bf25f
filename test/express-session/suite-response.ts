import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributesOf, idOf, sessionCookie } from './client.ts'
import type { Kit } from './kit.ts'

const BODY = 'a body of some length'

/** §1.8 and 1.9: when the answer goes out. */
export function response(kit: Kit): void {
  const ways: Record<string, (res: any) => unknown> = {
    'end()': (res) => res.end(),
    'end(text)': (res) => res.end(BODY),
    'end(text, encoding)': (res) => res.end(BODY, 'utf8'),
    'end(hex, encoding)': (res) => res.end(Buffer.from(BODY).toString('hex'), 'hex'),
    'end(buffer)': (res) => res.end(Buffer.from(BODY)),
    'end(null)': (res) => res.end(null),
    'write, end': (res) => {
      res.write(BODY.slice(0, 5))
      res.end(BODY.slice(5))
    },
    'write, end without more': (res) => {
      res.write(BODY)
      res.end()
    },
    'Content-Length, end(text)': (res) => {
      res.setHeader('Content-Length', BODY.length)
      res.end(BODY)
    },
    'Content-Length, write, end': (res) => {
      res.setHeader('Content-Length', BODY.length)
      res.write(BODY)
      res.end()
    },
    'writeHead, end': (res) => {
      res.writeHead(200, { 'Content-Type': 'text/plain' })
      res.end(BODY)
    },
    send: (res) => res.send(BODY),
    json: (res) => res.json(BODY),
    redirect: (res) => res.redirect('/there'),
    'sendStatus(204)': (res) => res.sendStatus(204),
  }
  for (const [way, answer] of Object.entries(ways)) {
    test(`1.8 ${way}: stored, with its cookie, when the client has the answer`, async (t) => {
      const { get, stored } = await kit.serve(t, {
        handler(req, res) {
          req.session.seen = true
          answer(res)
        },
      })
      const reply = await get()
      assert.ok(reply.complete)
      assert.deepEqual(stored(idOf(reply)), { seen: true })
      if (/text|hex|buffer|write|send$/.test(way)) assert.equal(reply.body, BODY)
    })
  }

  test('1.9 end(callback) and end(text, encoding, callback)', async (t) => {
    const { get, errors } = await kit.serve(t, {
      handler(req, res) {
        req.session.seen = true
        if (req.path === '/text') res.end(BODY, 'utf8', () => called.push('text'))
        else res.end(() => called.push('alone'))
      },
    })
    const called: string[] = []
    assert.equal((await get('/text')).body, BODY)
    await get('/alone').catch(() => undefined)
    assert.deepEqual(
      errors.map(({ code }) => code),
      kit.differs(['ERR_INVALID_ARG_TYPE'], []),
    )
    assert.deepEqual(called, kit.differs(['alone'], ['text', 'alone']))
  })

  test('1.8 a second end is nothing', async (t) => {
    const { get } = await kit.serve(t, {
      handler(req, res) {
        req.session.seen = true
        res.end(BODY)
        results.push(res.end('more'), res.end())
      },
    })
    const results: unknown[] = []
    assert.equal((await get()).body, BODY)
    assert.deepEqual(results, [false, false])
  })

  test('1.8 the app’s cookies stay, in setHeader and in writeHead', async (t) => {
    const { get } = await kit.serve(t, {
      handler(req, res) {
        req.session.seen = true
        if (req.path === '/one') res.setHeader('Set-Cookie', 'a=1')
        if (req.path === '/two') res.setHeader('Set-Cookie', ['a=1', 'b=2'])
        if (req.path === '/head') res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] })
        res.end()
      },
    })
    const names = async (path: string): Promise<string[]> =>
      (await get(path)).cookies.map((line) => line.split('=')[0]!)
    assert.deepEqual(await names('/one'), ['a', 'connect.sid'])
    assert.deepEqual(await names('/two'), ['a', 'b', 'connect.sid'])
    assert.deepEqual(await names('/head'), ['a', 'b', 'connect.sid'])
  })

  test('1.8 a cookie that cannot be written: the answer goes on, the app hears of it', async (t) => {
    const { get, errors } = await kit.serve(t, {
      options: { cookie: { expires: new Date(NaN) } },
      handler(req, res) {
        req.session.seen = true
        res.end(BODY)
      },
    })
    const reply = await get()
    assert.deepEqual([reply.status, reply.cookies], [200, []])
    while (errors.length === 0) await new Promise(setImmediate)
    assert.equal(errors[0].message, 'option expires is invalid')
  })

  test('1.8 a browser-session cookie is sent once, though data change', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      handler(req, res) {
        req.session.n = Math.random()
        res.end()
      },
    })
    assert.deepEqual((await get('/', { cookie })).cookies, [])
  })

  test('1.8 a cookie with an end is sent with every change, and with rolling always', async (t) => {
    const options = { cookie: { maxAge: 60_000 } }
    const { get, cookie } = await kit.begun(t, {
      options,
      handler(req, res) {
        if (req.path === '/change') req.session.n = Math.random()
        res.end()
      },
    })
    assert.deepEqual((await get('/', { cookie })).cookies, [])
    assert.equal(idOf(await get('/change', { cookie })) !== undefined, true)
    const rolling = await kit.begun(t, { options: { ...options, rolling: true } })
    const reply = await rolling.get('/', { cookie: rolling.cookie })
    assert.ok(sessionCookie(reply))
    assert.ok(Date.parse(String(attributesOf(reply)['expires'])) > Date.now() + 50_000)
  })

  test('1.8 no set, no touch and no cookie where nothing happened', async (t) => {
    const { get, store } = await kit.serve(t, { handler: (_req, res) => res.end() })
    const reply = await get()
    assert.deepEqual([reply.cookies, Object.keys(store.sessions)], [[], []])
  })

  test('R14 a store that cannot save: an error and no cookie, where express-session answers 200', async (t) => {
    const { get, store, errors } = await kit.serve(t, {
      handler(req, res) {
        req.session.seen = true
        res.setHeader('Content-Length', BODY.length)
        res.end(BODY)
      },
    })
    store.set = (_id: string, _data: object, done: any) => done(new Error('boom'))
    const reply = await get().catch(() => undefined)
    assert.equal(reply?.status, kit.differs(200, 500))
    assert.equal(reply?.cookies.length, kit.differs(1, 0))
    while (errors.length === 0) await new Promise(setImmediate)
    assert.equal(errors[0].message, 'boom')
  })

  test('R9 a store that cannot touch costs nobody their answer', async (t) => {
    const { get, store, cookie, errors } = await kit.begun(t, {})
    store.touch = (_id: string, _data: object, done: any) => done(new Error('boom'))
    const reply = await get('/', { cookie })
    assert.deepEqual([reply.status, reply.cookies], [200, []])
    while (errors.length < kit.differs(1, 0)) await new Promise(setImmediate)
    assert.equal(errors[0]?.message, kit.differs('boom', undefined))
  })

  test('R14 changes after the first byte are stored by save() alone', async (t) => {
    const { get, stored } = await kit.serve(t, {
      handler(req, res) {
        req.session.early = true
        res.write('first')
        setImmediate(() => {
          req.session.late = true
          if (req.path === '/save') req.session.save(() => res.end())
          else res.end()
        })
      },
    })
    const silent = stored(idOf(await get('/silent')))
    assert.deepEqual(silent, kit.differs({ early: true, late: true }, { early: true }))
    assert.deepEqual(stored(idOf(await get('/save'))), { early: true, late: true })
  })

  test('1.9 unset destroy: a store that failed to read loses nothing', async (t) => {
    const { get, store, cookie } = await kit.begun(t, { options: { unset: 'destroy' } })
    const { get: read } = store
    store.get = (_id: string, done: any) => done(new Error('boom'))
    assert.equal((await get('/', { cookie })).status, 500)
    store.get = read
    assert.equal(Object.keys(store.sessions).length, kit.differs(0, 1))
  })

  test('1.9 destroy clears the cookie that the request carried, with its attributes', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      options: { cookie: { path: '/', domain: 'example.com', sameSite: 'lax' } },
      handler: (req, res) => req.session.destroy(() => res.end()),
    })
    const line =
      'connect.sid=; Domain=example.com; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax'
    assert.deepEqual((await get('/', { cookie })).cookies, kit.differs([], [line]))
    assert.deepEqual((await get('/')).cookies, [])
  })

  for (const end of ['destroy', 'regenerate']) {
    test(`RAC-01 a request under way does not revive a session after ${end}`, async (t) => {
      for (const late of ['touch', 'modify', 'save']) {
        let go!: () => void
        const gate = new Promise<void>((resolve) => (go = resolve))
        let arrived!: () => void
        const underWay = new Promise<void>((resolve) => (arrived = resolve))
        const { get, store, cookie } = await kit.begun(t, {
          options: { resave: late === 'save' },
          async handler(req, res) {
            if (req.path === '/end') return req.session[end](() => res.end())
            arrived()
            await gate
            if (late === 'modify') req.session.late = true
            return res.end()
          },
        })
        const id = Object.keys(store.sessions)[0]!
        // As connect-memcached does it.
        store.touch = store.set
        const slow = get('/slow', { cookie })
        await underWay
        await get('/end', { cookie })
        go()
        const reply = await slow
        assert.equal(id in store.sessions, kit.differs(true, false), late)
        assert.equal(reply.status, kit.differs(200, late === 'modify' ? 409 : 200), late)
        assert.deepEqual(reply.cookies, [])
      }
    })
  }

  test('R18 two requests that change different properties: both are kept', async (t) => {
    let waiting = 0
    let release!: () => void
    const both = new Promise<void>((resolve) => (release = resolve))
    const { get, store, cookie } = await kit.begun(t, {
      async handler(req, res) {
        req.session[req.path.slice(1)] = true
        if (++waiting === 2) release()
        await both
        res.end()
      },
    })
    await Promise.all([get('/one', { cookie }), get('/two', { cookie })])
    const { one, two } = JSON.parse(Object.values<string>(store.sessions)[0]!)
    assert.equal(Boolean(one && two), kit.differs(false, true))
  })
}
