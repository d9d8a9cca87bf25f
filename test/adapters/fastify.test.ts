import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { type SessionPluginOptions, sessionPlugin } from '../../src/adapters/fastify.ts'
import type { SessionError } from '../../src/errors.ts'
import { type Sessions, createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { type StoreProbe, probe } from '../../src/testing/store-probe.ts'

const KEY = 'fastify tests: 4nP0xWq7Zk1uYc6Rj8Ld'
const ADA = { id: 'ada' }

function makeSessions(
  store: StoreProbe = probe(memory(), 'at once'),
  onError?: (error: SessionError) => { status: number; body: string },
): Sessions {
  return createSessions({ keys: KEY, store, ...(onError && { onError }) })
}

async function makeApp(options: SessionPluginOptions): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(sessionPlugin, options)
  app.get('/login', async (request) => {
    await request.session.login(ADA)
    return 'welcome'
  })
  return app
}

async function logIn(app: FastifyInstance): Promise<Record<string, string>> {
  const { cookies } = await app.inject('/login')
  return Object.fromEntries(cookies.map(({ name, value }) => [name, value]))
}

describe('sessionPlugin', () => {
  test('every plugin beside it has the session, in hooks and where no route is found', async () => {
    const app = await makeApp({ sessions: makeSessions() })
    app.addHook('preHandler', async (request) => void (request.session['seen'] = 'by a hook'))
    await app.register(async (child) => {
      child.get('/child', (request) => ({ sub: request.auth?.sub, seen: request.session['seen'] }))
    })
    app.setNotFoundHandler((request) => ({ nothingFor: request.auth?.sub }))
    const cookies = await logIn(app)
    const child = await app.inject({ url: '/child', cookies })
    assert.deepEqual(child.json(), { sub: 'ada', seen: 'by a hook' })
    assert.deepEqual((await app.inject({ url: '/nowhere', cookies })).json(), { nothingFor: 'ada' })
  })

  test('a plugin registered in a child is the child’s alone', async () => {
    const app = fastify()
    await app.register(async (child) => {
      await child.register(sessionPlugin, { sessions: makeSessions() })
      child.get('/inside', (request) => ({ isNew: request.session.isNew }))
    })
    app.get('/outside', (request) => ({ session: typeof request.session }))
    assert.deepEqual((await app.inject('/inside')).json(), { isNew: true })
    assert.deepEqual((await app.inject('/outside')).json(), { session: 'undefined' })
  })

  test('a name that is taken is an error at start, and others can be chosen', async () => {
    const sessions = makeSessions()
    const twice = fastify()
    void twice.register(sessionPlugin, { sessions }).register(sessionPlugin, { sessions })
    const taken = { code: 'FST_ERR_DEC_ALREADY_PRESENT' }
    await assert.rejects(async () => twice.ready(), taken)

    const named = fastify()
    await named.register(sessionPlugin, { sessions, sessionProperty: 'visit' })
    named.decorateRequest('session' as string, null)
    named.get('/', (request) => {
      return { isNew: (request as never as { visit: typeof request.session }).visit.isNew }
    })
    assert.deepEqual((await named.inject('/')).json(), { isNew: true })
  })

  test('an assignment logs nobody out, and says so', async () => {
    const app = await makeApp({ sessions: makeSessions() })
    app.get('/', (request) => Object.assign(request, { session: null }))
    const answer = await app.inject('/')
    assert.equal(answer.statusCode, 500)
    assert.match(answer.body, /logout\(\)/)
  })

  for (const way of ['at once', 'later'] as const) {
    test(`R14 the error handler answers what could not be stored (${way})`, async () => {
      const store = probe(memory(), way)
      const app = await makeApp({ sessions: makeSessions(store) })
      app.addHook('onRequest', async (_request, reply) => void reply.header('x-by-cors', '*'))
      app.addHook('onSend', async (_request, reply) => void reply.header('x-sent', 'yes'))
      app.setErrorHandler((error, _request, reply) => {
        return reply.code(503).send({ code: (error as SessionError).code })
      })
      app.get('/away', async (request, reply) => {
        request.session['step'] = 1
        reply.header('cache-control', 'public').header('set-cookie', 'step=1').header('etag', '"1"')
        return reply.redirect('/next')
      })
      store.failing.add('create')
      const { statusCode, headers, body } = await app.inject('/away')
      assert.deepEqual([statusCode, JSON.parse(body)], [503, { code: 'store_unavailable' }])
      assert.equal(headers['x-by-cors'], '*')
      assert.equal(headers['x-sent'], 'yes')
      for (const name of ['location', 'set-cookie', 'etag']) assert.equal(headers[name], undefined)
      assert.notEqual(headers['cache-control'], 'public')
    })

    test(`R14 onError answers what could not be read, with what others have set (${way})`, async () => {
      const store = probe(memory(), way)
      const sessions = makeSessions(store, ({ code }) => ({ status: 503, body: `sorry: ${code}` }))
      const app = fastify()
      app.addHook('onRequest', async (_request, reply) => void reply.header('x-by-cors', '*'))
      await app.register(sessionPlugin, { sessions })
      app.get('/login', async (request) => request.session.login(ADA))
      app.get('/', (request) => request.auth?.sub)
      const cookies = await logIn(app)
      store.failing.add('read')
      const { statusCode, headers, body } = await app.inject({ url: '/', cookies })
      assert.deepEqual([statusCode, body], [503, 'sorry: store_unavailable'])
      assert.equal(headers['x-by-cors'], '*')
    })

    test(`R14 a hijacked answer is refused, too (${way})`, async () => {
      const store = probe(memory(), way)
      const app = await makeApp({ sessions: makeSessions(store) })
      app.get('/raw', (request, reply) => {
        request.session['count'] = 1
        reply.hijack().raw.end('counted')
      })
      const { cookies, body } = await app.inject('/raw')
      assert.deepEqual([body, cookies.length], ['counted', 1])
      store.failing.add('create')
      const failed = await app.inject('/raw')
      assert.equal(failed.statusCode, 500)
      assert.doesNotMatch(failed.body, /counted/)
      assert.deepEqual(failed.cookies, [])
    })
  }
})
