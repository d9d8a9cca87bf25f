import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import connect from 'connect'
import express from 'express'
import express4 from 'express4'
import fastify from 'fastify'
import { Hono } from 'hono'
import { type RequireAuthOptions, requireAuth } from '../../src/adapters/verify/express.ts'
import { requireAuth as requireFastify } from '../../src/adapters/verify/fastify.ts'
import { requireAuth as requireHono } from '../../src/adapters/verify/hono.ts'
import { requireAuth as requireKoa } from '../../src/adapters/verify/koa.ts'
import { type Verifier, createVerifier } from '../../src/verify/index.ts'
import { KEYS, NOW, SESSION, contents, forge } from '../token/fixtures.ts'
import { Clock, ISSUER, issuerOf, verifierOf } from './fixtures.ts'

// Its declarations want another release of content-disposition than Express brings.
const koa: string = 'koa'
const { default: Koa }: { default: new () => KoaApp } = await import(koa)

interface KoaApp {
  use(middleware: (ctx: any, next: () => Promise<unknown>) => unknown): KoaApp
  callback(): RequestListener
}

/** Every framework's service: whatever the path and method, it says who is asking. */
const SERVICES: Record<string, (verify: Verifier<object>, options: RequireAuthOptions) => unknown> =
  {
    'Express 5': (verify, options) =>
      express()
        .use(requireAuth(verify, options))
        .use((req, res) => void res.json(req.auth ?? null)),
    'Express 4': (verify, options) =>
      express4()
        .use(requireAuth(verify, options))
        .use((req: { auth: unknown }, res: { json(body: unknown): void }) =>
          res.json(req.auth ?? null),
        ),
    Connect: (verify, options) =>
      connect()
        .use(requireAuth(verify, options))
        .use((req, res) => void res.end(JSON.stringify((req as { auth?: unknown }).auth ?? null))),
    'node:http': (verify, options) => {
      const guard = requireAuth(verify, options)
      const listener: RequestListener = (req, res) =>
        guard(req, res, () => res.end(JSON.stringify((req as { auth?: unknown }).auth ?? null)))
      return listener
    },
    Koa: (verify, options) =>
      new Koa()
        .use(requireKoa(verify, options))
        .use((ctx) => void (ctx.body = JSON.stringify(ctx.state['auth'] ?? null)))
        .callback(),
    Fastify: async (verify, options) => {
      const app = fastify()
      app.addHook('onRequest', requireFastify(verify, options))
      const handler = async (request: object): Promise<unknown> =>
        JSON.stringify((request as { auth?: unknown }).auth ?? null)
      app.all('/*', handler)
      await app.ready()
      return (...call: Parameters<RequestListener>) => app.routing(...call)
    },
    Hono: (verify, options) => {
      const app = new Hono<{ Variables: { auth: object | undefined } }>()
      app.use(requireHono(verify, options))
      app.all('/raw', () => new Response('raw', { headers: { 'cache-control': 'max-age=9' } }))
      app.all('*', (c) => c.json(c.get('auth') ?? null))
      return listenerOf((request) => app.fetch(request))
    },
  }

/** A fetch handler, over a real connection. */
function listenerOf(handle: (request: Request) => Response | Promise<Response>): RequestListener {
  return (request, response) => {
    const { method = 'GET', url = '/', headers } = request
    const address = `http://${headers.host}${url}`
    const sent = new Request(address, { method, headers: headers as Record<string, string> })
    const answering = async (): Promise<void> => {
      const answer = await handle(sent)
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(Buffer.from(await answer.arrayBuffer()))
    }
    void answering()
  }
}

const clock = new Clock()
const verify = verifierOf('ES256', { now: clock.read, renewAt: `${ISSUER}/refresh` })
const tokens = issuerOf('ES256')
const cookie = `__Host-session=${tokens.issue(contents())}`
const claims = { uid: 7, r: ['admin'], sub: '7' }

for (const [framework, serve] of Object.entries(SERVICES)) {
  describe(`R31 requireAuth in ${framework}`, () => {
    const servers: ReturnType<typeof createServer>[] = []

    async function start(options: RequireAuthOptions = {}, by = verify): Promise<string> {
      const server = createServer((await serve(by, options)) as RequestListener)
      servers.push(server)
      await once(server.listen(0, '127.0.0.1'), 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }

    let address: string
    before(async () => (address = await start()))
    after(() => servers.forEach((server) => server.close()))

    const ask = (headers: Record<string, string> = {}, method = 'GET', to = address) =>
      fetch(to, { method, headers, redirect: 'manual' })

    test('R31 R12 who has a session passes, and the answer is theirs alone', async () => {
      const response = await ask({ cookie })
      assert.equal(response.status, 200)
      assert.deepEqual(await response.json(), claims)
      assert.equal(response.headers.get('vary'), 'Cookie')
      assert.equal(response.headers.get('cache-control'), 'private')
    })

    test('R31 LOG-09 401 tells an expired token, where to renew it, and nothing else', async () => {
      const realm = `Cookie realm="${ISSUER}"`
      const none = { 'www-authenticate': realm, 'cache-control': 'no-store', vary: 'Cookie' }
      const old = { issuedAt: (NOW - 1000) * 1000, expires: (NOW - 100) * 1000 }
      const expired = `${realm}, error="expired", renew="${ISSUER}/refresh"`
      const anonymous = tokens.issue(contents({ userId: undefined }))
      for (const [presented, expected] of [
        ['', none],
        ['__Host-session=x', none],
        [`${cookie}; ${cookie}`, none],
        [cookie.slice(0, -5), none],
        [`__Host-session=${anonymous}`, none],
        [`__Host-session=${tokens.issue(contents(old))}`, { ...none, 'www-authenticate': expired }],
      ] as const) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const response = await ask({ cookie: presented }, method)
          assert.equal(response.status, 401)
          for (const [name, value] of Object.entries(expected)) {
            assert.equal(response.headers.get(name), value)
          }
          assert.ok(!(await response.text()).includes('uid'))
        }
      }
    })

    test('R31 unsafe requests of other origins’ pages are 403', async () => {
      const own = new URL(address)
      for (const [headers, status] of [
        [{}, 200],
        [{ 'sec-fetch-site': 'same-origin' }, 200],
        [{ 'sec-fetch-site': 'none' }, 200],
        [{ 'sec-fetch-site': 'same-site' }, 403],
        [{ 'sec-fetch-site': 'cross-site' }, 403],
        [{ 'sec-fetch-site': 'cross-site', origin: ISSUER }, 200],
        [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
        [{ 'sec-fetch-site': 'cross-site', origin: own.origin }, 403],
        [{ origin: own.origin }, 200],
        [{ origin: ISSUER }, 200],
        [{ origin: 'https://evil.example' }, 403],
        [{ origin: `${ISSUER}.evil.example` }, 403],
        [{ origin: 'null' }, 403],
      ] as [Record<string, string>, number][]) {
        for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
          const response = await ask({ cookie, ...headers }, method)
          assert.equal(response.status, status, `${method} ${JSON.stringify(headers)}`)
        }
        for (const method of ['GET', 'HEAD']) {
          assert.equal((await ask({ cookie, ...headers }, method)).status, 200)
        }
      }
    })

    test('R31 unless the service says otherwise', async () => {
      const page = 'https://page.example'
      const foreign = { cookie, 'sec-fetch-site': 'cross-site', origin: page }
      const listing = await start({ origins: [page] })
      assert.equal((await ask(foreign, 'POST', listing)).status, 200)
      assert.equal((await ask({ ...foreign, origin: ISSUER }, 'POST', listing)).status, 403)
      const open = await start({ origins: 'any' })
      assert.equal((await ask({ ...foreign, origin: 'null' }, 'POST', open)).status, 200)
    })

    test('R31 one origin as text is that origin, and none of those it begins with', async () => {
      const listing = await start({ origins: 'https://page.example' as never })
      const from = async (origin: string): Promise<number> =>
        (await ask({ cookie, origin }, 'POST', listing)).status
      assert.equal(await from('https://page.example'), 200)
      for (const origin of ['https://page.exam', 'https://page', 'null']) {
        assert.equal(await from(origin), 403)
      }
      assert.equal(
        (
          await ask(
            { cookie, origin: 'https://a.example' },
            'POST',
            await start({ origins: ['https://a.example/'] }),
          )
        ).status,
        200,
      )
      for (const origin of ['null', '', '*', 'page.example', 'file:///']) {
        await assert.rejects(start({ origins: [origin] }), { code: 'invalid_option' })
      }
    })

    test('R31 no page of another origin opens a WebSocket', async () => {
      const { hostname, port } = new URL(address)
      const open = async (origin: string): Promise<number | undefined> => {
        const headers = { cookie, origin, connection: 'upgrade', upgrade: 'websocket' }
        const sent = get({ hostname, port, headers })
        const [response] = (await once(sent, 'response')) as [IncomingMessage]
        response.resume()
        return response.statusCode
      }
      assert.equal(await open('https://evil.example'), 403)
      assert.equal(await open(ISSUER), 200)
    })

    test('R31 optional lets nobody pass as nobody, and a foreign page not at all', async () => {
      const optional = await start({ optional: true })
      assert.equal(await (await ask({}, 'GET', optional)).json(), null)
      assert.equal(await (await ask({ cookie: '__Host-session=x' }, 'POST', optional)).json(), null)
      assert.deepEqual(await (await ask({ cookie }, 'GET', optional)).json(), claims)
      const foreign = { cookie, 'sec-fetch-site': 'cross-site' }
      assert.equal((await ask(foreign, 'POST', optional)).status, 403)
    })

    test('R35 tokens for this one service come in Authorization, from any page', async () => {
      const forOne = await start({}, verifierOf('ES256', { tokenFor: 'reports', now: clock.read }))
      const { sk: _, ...times } = SESSION
      const payload = { ...times, iss: ISSUER, sub: '7', aud: 'reports' }
      const token = forge(KEYS.ES256, JSON.stringify(payload))
      const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
      const authorization = `Bearer ${token}`
      const passed = await ask({ authorization, ...foreign }, 'POST', forOne)
      assert.deepEqual(await passed.json(), { sub: '7' })
      assert.equal(passed.headers.get('vary'), 'Authorization')
      assert.equal(passed.headers.get('cache-control'), 'private')
      const realm = `Bearer realm="${ISSUER}"`
      for (const [headers, challenge] of [
        [{}, realm],
        [{ cookie }, realm],
        [{ authorization: authorization.slice(0, -5) }, `${realm}, error="invalid_token"`],
        [{ authorization: cookie.replace(/^.*?=/, 'Bearer ') }, `${realm}, error="invalid_token"`],
      ] as [Record<string, string>, string][]) {
        const refused = await ask(headers, 'GET', forOne)
        assert.equal(refused.status, 401)
        assert.equal(refused.headers.get('www-authenticate'), challenge)
        assert.equal(refused.headers.get('vary'), 'Authorization')
        assert.equal(refused.headers.get('cache-control'), 'no-store')
      }
    })

    test('R31 an app that cannot be reached is no logout: 503', async () => {
      const app = 'http://127.0.0.1:1'
      const lost = createVerifier<object>({ app, onProblem: () => undefined })
      const response = await ask({ cookie }, 'GET', await start({}, lost))
      assert.equal(response.status, 503)
      assert.equal(response.headers.get('retry-after'), '30')
      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.equal(response.headers.get('www-authenticate'), null)
    })
  })
}

test('R31 an answer of the service’s own making keeps its caching', async () => {
  const app = new Hono().use(requireHono(verify))
  app.get('/', () => new Response('raw', { headers: { 'cache-control': 'max-age=9', vary: 'X' } }))
  const response = await app.request('/', { headers: { cookie } })
  assert.equal(response.headers.get('cache-control'), 'max-age=9')
  assert.equal(response.headers.get('vary'), 'X, Cookie')
})

test('R31 an app that has answered meanwhile is answered no more', async () => {
  let admit: ((result: object) => void) | undefined
  const slow = Object.assign(async () => undefined, {
    issuer: ISSUER,
    header: 'Cookie',
    check: () => new Promise<object>((resolve) => (admit = resolve)),
  }) as unknown as Verifier<object>
  const guard = requireAuth(slow)
  let isPassed = false
  const server = createServer((req, res) => {
    guard(req, res, () => (isPassed = true))
    res.writeHead(504).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  assert.equal((await fetch(`http://127.0.0.1:${port}`)).status, 504)
  admit?.({ claims: {} })
  await new Promise(setImmediate)
  assert.equal(isPassed, false)
  server.close()
})
