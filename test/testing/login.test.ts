import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test, type TestContext } from 'node:test'
import express, { type Express } from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import request from 'supertest'
import { CookieJar } from 'tough-cookie'
import { sessionMiddleware } from '../../src/adapters/express.ts'
import type { Sessions } from '../../src/sessions.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login, testSessions } from '../../src/testing/index.ts'
import { listen } from '../adapters/serving.ts'

const alice = { id: 'alice', roles: ['admin'] }
const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'

function expressApp(sessions: Sessions): Express {
  const app = express()
  app.use(sessionMiddleware(sessions), express.json())
  app.get('/me', (req, res) => void res.json(req.auth ?? null))
  app.get('/cart', (req, res) => void res.json(req.session['cart'] ?? null))
  app.post('/cart', (req, res) => {
    req.session['cart'] = [...req.session['cart'], req.body.item]
    res.end()
  })
  app.post('/logout', async (req, res) => {
    await req.session.logout()
    res.end()
  })
  return app
}

describe('login(): what the clients of tests take', () => {
  const { sessions } = testSessions({ fields: ['roles'] })
  const app = expressApp(sessions)
  const me = { sub: 'alice', roles: ['admin'] }

  test('supertest: a header of one request, and of all of an agent', async () => {
    const { cookie } = await login(sessions, alice)
    assert.deepEqual((await request(app).get('/me').set('Cookie', cookie)).body, me)
    assert.equal((await request(app).get('/me')).body, null)
    const agent = request.agent(app).set('Cookie', cookie)
    for (const _ of [1, 2]) assert.deepEqual((await agent.get('/me')).body, me)
  })

  test('fetch over real HTTP', async (context) => {
    const { cookie } = await login(sessions, alice)
    const url = await start(context, app)
    const answer = await fetch(`${url}/me`, { headers: { cookie } })
    assert.deepEqual(await answer.json(), me)
  })

  test("Fastify's inject, with a cookie of another kind beside", async () => {
    const { cookies } = await login(sessions, alice)
    const answer = await fastifyApp(sessions).inject({
      path: '/me',
      cookies: { ...cookies, theme: 'dark' },
    })
    assert.deepEqual(answer.json(), me)
  })

  test('a jar, which keeps the cookie from other hosts and other schemes', async () => {
    const secure = createSessions({ keys, store: memory(), cookie: { secure: true } })
    const { setCookie, cookie, name } = await login(secure, alice)
    assert.equal(name, '__Host-session')
    const jar = new CookieJar()
    await jar.setCookie(setCookie, 'https://app.test/')
    assert.equal(await jar.getCookieString('https://app.test/deep/page'), cookie)
    assert.equal(await jar.getCookieString('https://sub.app.test/'), '')
    assert.equal(await jar.getCookieString('http://app.test/'), '')
  })
})

function fastifyApp(sessions: Sessions): FastifyInstance {
  const app = fastify()
  app.get('/me', async ({ headers: { cookie }, method }) => {
    return (await sessions.open({ cookie, method, navigation: false })).auth ?? null
  })
  return app
}

async function start(context: TestContext, app: Express): Promise<string> {
  const served = await listen(app)
  context.after(() => served.close())
  return served.url
}

describe("login(): Cypress's and Playwright's cookies", () => {
  const cookieOf = (cookie: object): ReturnType<typeof login> =>
    login(createSessions({ keys, store: memory(), cookie }), alice)

  test('of a host alone, until the browser is closed', async () => {
    const { name, value, cypress, storageState } = await cookieOf({})
    const form = { path: '/', httpOnly: true, secure: false }
    assert.equal(name, 'session')
    assert.deepEqual(cypress, [name, value, { ...form, hostOnly: true, sameSite: 'lax' }])
    assert.deepEqual(JSON.parse(JSON.stringify(cypress)), cypress)
    const state = { ...form, name, value, domain: 'localhost', expires: -1, sameSite: 'Lax' }
    assert.deepEqual(storageState('http://localhost:3000/deep'), { cookies: [state], origins: [] })
  })

  test('of a domain, Secure, with an end and a path', async () => {
    const { name, value, cypress, storageState } = await cookieOf({
      domain: 'app.test',
      path: '/app',
      secure: true,
      sameSite: 'None',
      persistent: true,
    })
    const fortnight = Date.now() / 1000 + 14 * 86_400
    const [, , { expiry, ...options }] = cypress
    assert.ok(Math.abs(expiry! - fortnight) < 60)
    const form = { path: '/app', httpOnly: true, secure: true }
    assert.deepEqual(options, {
      ...form,
      domain: 'app.test',
      hostOnly: false,
      sameSite: 'no_restriction',
    })
    const [{ expires, ...state }] = storageState('https://www.app.test').cookies as [any]
    assert.equal(expires, expiry)
    assert.deepEqual(state, { ...form, name, value, domain: '.app.test', sameSite: 'None' })
  })

  test('no browser would send a Secure cookie over http to another machine', async () => {
    const { storageState } = await cookieOf({ secure: true })
    for (const url of ['http://app.test', 'http://localhost.app.test', 'app.test', '/', '']) {
      assert.throws(() => storageState(url), { code: 'invalid_option', message: /https/ }, url)
    }
    for (const host of ['localhost', 'a.localhost', '127.0.0.1', '[::1]']) {
      assert.equal(storageState(`http://${host}:80`).cookies[0]?.domain, host)
    }
  })
})

describe('login(): the session behind the cookie', () => {
  const { sessions, clock } = testSessions({ idle: '1h' })
  const app = expressApp(sessions)

  test('holds the data given, and shows what the app did to it', async () => {
    const data = { cart: ['apple'] }
    const { cookie, session } = await login(sessions, alice, { data })
    assert.deepEqual(await session.read(), data)
    await request(app).post('/cart').set('Cookie', cookie).send({ item: 'pear' })
    assert.deepEqual(await session.read(), { cart: ['apple', 'pear'] })
    assert.deepEqual(data, { cart: ['apple'] })
  })

  test('what is read is a copy', async () => {
    const { session } = await login(sessions, alice, { data: { cart: ['apple'] } })
    const seen = await session.read()
    seen!['cart'].push('stone')
    assert.deepEqual(await session.read(), { cart: ['apple'] })
  })

  test('is changed as by another request, and the app sees it', async () => {
    const { cookie, session } = await login(sessions, alice, { data: { cart: [] } })
    const length = await session.update(async (stored) => stored['cart'].push('plum'))
    assert.equal(length, 1)
    assert.deepEqual((await request(app).get('/cart').set('Cookie', cookie)).body, ['plum'])
  })

  test('ends by logout, as for the app', async () => {
    const { cookie, session, logout } = await login(sessions, alice)
    await logout()
    assert.equal((await request(app).get('/me').set('Cookie', cookie)).body, null)
    assert.equal(await session.read(), undefined)
    await logout()
  })

  test("ends by the app's own logout, and cannot be changed any more", async () => {
    const { cookie, session } = await login(sessions, alice)
    await request(app).post('/logout').set('Cookie', cookie)
    assert.equal(await session.read(), undefined)
    const change = session.update((data) => (data['cart'] = ['late']))
    await assert.rejects(change, { code: 'session_ended' })
  })

  test('ends in its time, which reading does not prolong', async () => {
    const { session } = await login(sessions, alice)
    clock.advance('40m')
    assert.deepEqual(await session.read(), {})
    clock.advance('21m')
    assert.equal(await session.read(), undefined)
  })

  test('one login is one write, and two logins are two sessions', async () => {
    const store = memory()
    const writes: string[] = []
    for (const verb of ['create', 'update', 'touch'] as const) {
      const before = store[verb] as (...args: unknown[]) => never
      store[verb] = (...args: unknown[]) => (writes.push(verb), before(...args))
    }
    const own = createSessions({ keys, store })
    const one = await login(own, alice, { data: { cart: ['apple'] } })
    assert.deepEqual(writes, ['create'])
    const two = await login(own, alice)
    await one.logout()
    assert.deepEqual(await two.session.read(), {})
  })

  test('data that cannot be stored, and nobody, are errors', async () => {
    const data = { callback: () => 1 }
    await assert.rejects(login(sessions, alice, { data }), { code: 'invalid_data' })
    await assert.rejects(login(sessions, alice, { data: { id: 1 } }), { code: 'invalid_data' })
    await assert.rejects(login(sessions, undefined), { code: 'invalid_user' })
  })
})

describe('a production that imports symbolon/testing', () => {
  const { NODE_ENV } = process.env
  beforeEach(() => delete process.env['NODE_ENV'])
  afterEach(() => (process.env['NODE_ENV'] = NODE_ENV))
  const refusal = { code: 'not_supported', message: /NODE_ENV=test/ }

  test('logs nobody in, and has no sessions to test by', async () => {
    const sessions = createSessions({ keys, store: memory() })
    for (const mode of [undefined, 'production', 'Test', 'staging', '']) {
      if (mode !== undefined) process.env['NODE_ENV'] = mode
      await assert.rejects(login(sessions, alice), refusal, mode)
      assert.throws(() => testSessions(), refusal, mode)
    }
  })

  test('unless it is told to in so many words', async () => {
    const sessions = createSessions({ keys, store: memory() })
    const { cookie } = await login(sessions, alice, { inProduction: true })
    const { auth } = await sessions.open({ cookie, method: 'GET', navigation: false })
    assert.equal(auth?.sub, 'alice')
  })
})
