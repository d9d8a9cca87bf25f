import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import request from 'supertest'
import { login } from '../../src/testing/index.ts'
import { EXPRESS_VERSIONS, OURS, SECRET } from '../express-session/subjects.ts'

const require = createRequire(import.meta.url)
const { Passport } = require('passport')
const { express } = EXPRESS_VERSIONS[1]!
const alice = { id: 'alice', roles: ['admin'] }

function middlewareOf(options: object = {}): any {
  return OURS.session({ secret: SECRET, resave: false, saveUninitialized: false, ...options })
}

function appOf(middleware: any, ...before: unknown[]): any {
  const app = express()
  app.use(middleware, ...before)
  app.get('/me', (req: any, res: any) => {
    res.json({ auth: req.auth?.sub ?? null, user: req.user?.id ?? null, cart: req.session.cart })
  })
  app.get('/add', (req: any, res: any) => res.json(req.session.cart.push('pear')))
  app.get('/logout', (req: any, res: any, next: any) => {
    middleware.sessions.logout(req).then(() => res.end(), next)
  })
  return app
}

describe('login() to an app with symbolon/express-session', () => {
  test('gives the cookie of a user, whose data the app changes and the test reads', async () => {
    const middleware = middlewareOf({ fields: ['roles'] })
    const data = { cart: ['apple'] }
    const { name, value, cookie, session } = await login(middleware, alice, { data })
    assert.equal(name, 'connect.sid')
    assert.deepEqual(decodeJwt(value)['roles'], ['admin'])
    assert.deepEqual(await session.read(), data)
    const app = appOf(middleware)
    assert.equal((await request(app).get('/add').set('Cookie', cookie)).body, 2)
    assert.deepEqual(await session.read(), { cart: ['apple', 'pear'] })
    assert.equal(await session.update(({ cart }) => cart.unshift('fig')), 3)
    const { body } = await request(app).get('/me').set('Cookie', cookie)
    assert.deepEqual(body, { auth: 'alice', user: null, cart: ['fig', 'apple', 'pear'] })
  })

  test("ends with the app's logout, and with the test's", async () => {
    const middleware = middlewareOf()
    const app = appOf(middleware)
    const [one, other] = [await login(middleware, alice), await login(middleware, alice)]
    await request(app).get('/logout').set('Cookie', one.cookie)
    assert.equal(await one.session.read(), undefined)
    await assert.rejects(
      one.session.update(() => undefined),
      { code: 'session_ended' },
    )
    assert.deepEqual(await other.session.read(), {})
    await other.logout()
    const { body } = await request(app).get('/me').set('Cookie', other.cookie)
    assert.equal(body.auth, null)
  })

  test("logs in Passport's user, who is named by the session's data", async () => {
    const passport = new Passport()
    passport.serializeUser((user: any, done: any) => done(null, user.id))
    passport.deserializeUser((id: string, done: any) => done(null, { id }))
    const middleware = middlewareOf()
    const app = appOf(middleware, passport.initialize(), passport.session())
    const data = { passport: { user: 'alice' }, cart: ['apple'] }
    const { cookie, value } = await login(middleware, alice, { data })
    const answer = await request(app).get('/me').set('Cookie', cookie)
    assert.deepEqual(answer.body, { auth: 'alice', user: 'alice', cart: ['apple'] })
    assert.equal(answer.headers['set-cookie'], undefined, 'the login is no other than the data say')
    assert.equal(decodeJwt(value).sub, 'alice')
  })

  const cookies = [
    { name: 'Secure', secure: true, said: true },
    { name: "'auto'", secure: 'auto', said: false },
    { name: 'neither', secure: false, said: false },
  ]
  for (const { name, secure, said } of cookies) {
    test(`the cookie is the app's own: ${name}`, async () => {
      const cookie = { secure, maxAge: 60_000, sameSite: 'strict', domain: 'app.test' }
      const middleware = middlewareOf({ cookie, name: 'own' })
      const { storageState, cookies: byName } = await login(middleware, alice)
      const [state] = storageState('https://app.test').cookies
      assert.deepEqual(Object.keys(byName), ['own'])
      assert.ok(Math.abs(state!.expires - Date.now() / 1000 - 60) < 30)
      const { domain, path, httpOnly, sameSite } = state!
      assert.deepEqual([domain, path, httpOnly, sameSite], ['.app.test', '/', true, 'Strict'])
      assert.equal(state!.secure, said)
    })
  }

  test('under a path, and with the secret of cookie-parser, as the request brings them', async () => {
    const middleware = middlewareOf({ cookie: { path: '/admin' }, secret: undefined })
    const needed = { url: '/admin/users', secret: SECRET }
    const { session, cypress } = await login(middleware, alice, { request: needed })
    assert.equal(cypress[2].path, '/admin')
    assert.deepEqual(await session.read(), {})
    const outside = login(middleware, alice, { request: { secret: SECRET } })
    await assert.rejects(outside, { code: 'not_supported', message: /path/ })
    const bare = login(middleware, alice, { request: { url: '/admin' } })
    await assert.rejects(bare, /secret option required/)
  })

  test('with a store that answers later', async () => {
    const memoryStore = new OURS.session.MemoryStore()
    const slow = new OURS.session.Store()
    for (const verb of ['get', 'set', 'destroy', 'touch']) {
      slow[verb] = (...args: unknown[]) => setImmediate(() => memoryStore[verb](...args))
    }
    const middleware = middlewareOf({ store: slow })
    const { session, logout } = await login(middleware, alice, { data: { cart: [] } })
    await session.update((data) => (data['cart'] = ['apple']))
    assert.deepEqual(await session.read(), { cart: ['apple'] })
    await logout()
    assert.equal(await session.read(), undefined)
  })

  test("a store's failure is the test's error", async () => {
    const broken = new OURS.session.Store()
    const failure = new Error('no disk')
    for (const verb of ['get', 'set', 'destroy']) {
      broken[verb] = (...args: any[]) => args.at(-1)(failure)
    }
    const failed = login(middlewareOf({ store: broken }), alice)
    await assert.rejects(failed, { code: 'store_unavailable', cause: failure })
  })
})
