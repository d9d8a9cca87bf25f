import assert from 'node:assert/strict'
import { once } from 'node:events'
import { IncomingMessage, type RequestListener, type ServerResponse, createServer } from 'node:http'
import { type AddressInfo, Socket, connect as connectTcp } from 'node:net'
import { type TestContext, describe, test } from 'node:test'
import connect from 'connect'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { connectMiddleware } from '../../src/adapters/connect.ts'
import { sessionMiddleware } from '../../src/adapters/express.ts'
import { withSession } from '../../src/adapters/node.ts'
import { type Sessions, createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { HttpClient } from '../../src/testing/http-client.ts'
import { probe, type StoreProbe } from '../../src/testing/store-probe.ts'
import { exchangeRaw, serveRaw } from './raw-http.ts'
import { listen } from './serving.ts'

const KEY = 'connect test: Gp4sWn8vBx2LqTz6Rk3m'

describe('ADP-02 mounted more than once', () => {
  test('the same sessions: a request is opened once and committed once', async (context) => {
    const { sessions, store } = make()
    const app = express()
    app.use(sessionMiddleware(sessions), sessionMiddleware(sessions))
    app.use('/count', sessionMiddleware(sessions))
    routes(app)
    const browser = await serve(context, app)
    await browser.ask('/count')
    store.calls.length = 0
    const { body, cookies } = await browser.ask('/count')
    assert.equal(body, '2')
    assert.deepEqual(cookies, [])
    assert.deepEqual(store.calls, ['read', 'update'])
  })

  test('two sessions under two pairs of names are independent', async (context) => {
    const [users, admins] = [make(), make({ cookie: { name: 'admin' } })]
    const app = express()
    app.use(sessionMiddleware(users.sessions))
    app.use(
      sessionMiddleware(admins.sessions, {
        sessionProperty: 'adminSession',
        requestProperty: 'admin',
      }),
    )
    app.get('/login', async (req, res) => {
      const { adminSession } = req as unknown as { adminSession: typeof req.session }
      await req.session.login({ id: 'ada' })
      await adminSession.login({ id: 'root' })
      res.send('in')
    })
    app.get('/who', (req, res) => {
      const { admin } = req as unknown as { admin: typeof req.auth }
      res.send(`${req.auth?.sub} ${admin?.sub}`)
    })
    app.get('/logout', async (req, res) => {
      await req.session.logout()
      res.send('out')
    })
    const browser = await serve(context, app)
    const { cookies, headers } = await browser.ask('/login')
    const names = cookies.map((line) => line.split('=')[0])
    assert.deepEqual(new Set(names), new Set(['admin', 'session']))
    assert.equal(headers['vary'], 'Cookie')
    assert.equal((await browser.ask('/who')).body, 'ada root')
    await browser.ask('/logout')
    assert.equal((await browser.ask('/who')).body, 'undefined root')
  })

  test('two sessions under the same names are an error that says so', async (context) => {
    for (const app of [express(), connect()] as Express[]) {
      app.use(sessionMiddleware(make().sessions))
      app.use(sessionMiddleware(make().sessions))
      routes(app)
      const browser = await serve(context, app)
      const { status, body } = await browser.ask('/count')
      assert.equal(status, 500)
      assert.match(body, /req\.session is set by other middleware/)
    }
  })

  test('a name that other middleware uses is an error that says so', async (context) => {
    const app = express()
    app.use((req, _res, next) => {
      Object.assign(req, { auth: { user: 'basic' } })
      next()
    })
    app.use(sessionMiddleware(make().sessions))
    const browser = await serve(context, app)
    assert.match((await browser.ask('/count')).body, /req\.auth is set by other middleware/)
  })

  test('the same sessions under other names are refused at once', () => {
    const { sessions } = make()
    const middleware = sessionMiddleware(sessions)
    assert.equal(sessionMiddleware(sessions, { sessionProperty: 'session' }), middleware)
    assert.throws(() => sessionMiddleware(sessions, { sessionProperty: 'other' }), {
      code: 'invalid_option',
    })
  })
})

describe('the properties of a request', () => {
  test('Express: they stand on the app’s own request prototype, not on each request', async (context) => {
    const { sessions } = make()
    const app = express()
    app.use(sessionMiddleware(sessions))
    app.use((req, res) => {
      res.json([Object.hasOwn(req, 'session'), Object.hasOwn(app.request, 'session')])
    })
    const browser = await serve(context, app)
    assert.equal((await browser.ask('/')).body, '[false,true]')
    assert.equal('session' in express.request, false)
    assert.equal('session' in IncomingMessage.prototype, false)
  })

  test('Express: a mounted app sees the session of its parent, and another app none', async (context) => {
    const { sessions } = make()
    const [parent, child] = [express(), express()]
    const router = express.Router()
    router.get('/id', (req, res) => void res.send(typeof req.session.id))
    child.use(router)
    parent.use(sessionMiddleware(sessions))
    parent.use('/child', child)
    const browser = await serve(context, parent)
    assert.equal((await browser.ask('/child/id')).body, 'string')
    assert.equal('session' in express().request, false)
  })

  test('node:http: they stand on the request, whose prototype is everybody’s', async (context) => {
    const { sessions } = make()
    const browser = await serve(
      context,
      withSession(sessions, (request, response) => {
        response.end(String(Object.hasOwn(request, 'session')))
      }),
    )
    assert.equal((await browser.ask('/')).body, 'true')
    assert.equal('session' in IncomingMessage.prototype, false)
  })

  test('enumerating a request does not read the session', async (context) => {
    const { sessions } = make()
    const browser = await serve(
      context,
      withSession(sessions, (request, response) => {
        assert.ok(!Object.keys(request).includes('session'))
        response.end(Object.values({ ...request }).length > 0 ? 'seen' : '')
      }),
    )
    const { headers, body } = await browser.ask('/')
    assert.equal(body, 'seen')
    assert.equal(headers['vary'], undefined)
  })
})

describe('facts 3.10 ADP-07 requests without a response of their own', () => {
  for (const stub of [{}, engineStub()]) {
    test(`a stub with ${Object.keys(stub).length} members: read, save, read again`, async (context) => {
      const { sessions } = make()
      const middleware = connectMiddleware(sessions)
      const cookie = await loggedIn(context, sessions)
      const before = Object.keys(stub)
      const open = async (): Promise<Record<string, any>> => {
        const request = Object.assign(new IncomingMessage(new Socket()), { headers: { cookie } })
        await new Promise<void>((resolve, reject) => {
          middleware(request, stub as ServerResponse, (error) => {
            if (error === undefined) resolve()
            else reject(error)
          })
        })
        return request
      }
      const request = await open()
      assert.equal(request['auth'].sub, 'ada')
      request['session'].seen = true
      await request['session'].save()
      assert.equal((await open())['session'].seen, true)
      await assert.rejects(request['session'].login({ id: 'eve' }), { code: 'headers_sent' })
      assert.throws(() => (request['session'] = null), { code: 'invalid_data' })
      assert.deepEqual(Object.keys(stub), before)
    })
  }

  test('an upgrade on a real server', async (context) => {
    const { sessions } = make()
    const middleware = connectMiddleware(sessions)
    const cookie = await loggedIn(context, sessions)
    const server = createServer()
    server.on('upgrade', (request: IncomingMessage & { auth?: { sub: string } }, socket) => {
      middleware(request, {} as ServerResponse, () => {
        const head =
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n'
        socket.end(`${head}${request.auth?.sub}`)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bytes = await exchangeRaw(
      (server.address() as AddressInfo).port,
      `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\nCookie: ${cookie}\r\n\r\n`,
    )
    server.close()
    assert.match(bytes, /ada$/)
    assert.doesNotMatch(bytes, /set-cookie/i)
  })
})

describe('errors of the store go to the app’s error handlers', () => {
  for (const way of ['at once', 'later'] as const) {
    test(`once each, store answers ${way}`, async (context) => {
      const { sessions, store } = make({}, way)
      const seen: string[] = []
      const app = express()
      app.use(sessionMiddleware(sessions))
      routes(app)
      const onError: ErrorRequestHandler = (error, _req, res, _next) => {
        seen.push(error.code)
        res.status(error.status).json({ code: error.code })
      }
      app.use(onError)
      const browser = await serve(context, app)
      await browser.ask('/count')
      for (const verb of ['update', 'read'] as const) {
        store.failing.add(verb)
        const { status, body, headers } = await browser.ask('/count')
        store.failing.clear()
        assert.deepEqual([status, body], [500, '{"code":"store_unavailable"}'])
        assert.match(headers['content-type']!, /json/)
      }
      assert.deepEqual(seen, ['store_unavailable', 'store_unavailable'])
    })
  }

  test('an error handler that fails itself does not loop', async (context) => {
    const { sessions, store } = make()
    let calls = 0
    const app = express()
    app.use(sessionMiddleware(sessions))
    routes(app)
    const onError: ErrorRequestHandler = (_error, req, _res, _next) => {
      calls++
      req.session['count'] = 'again'
      throw new Error('the handler fails')
    }
    app.use(onError)
    const browser = await serve(context, app)
    store.failing.add('create')
    const { status, cookies } = await browser.ask('/count')
    assert.deepEqual([status, cookies, calls], [500, [], 1])
  })

  test('an onError that throws does not hide it', async (context) => {
    const { sessions, store } = make({
      onError: () => {
        throw new Error('onError fails')
      },
    })
    const browser = await serve(
      context,
      withSession(sessions, (request, response) => {
        request.session['count'] = 1
        response.end('stored')
      }),
    )
    store.failing.add('create')
    const { status, body } = await browser.ask('/')
    assert.deepEqual([status, body], [500, 'Internal Server Error: onError fails'])
  })
})

test('ADP-03 odd request targets are opened like others', async () => {
  const { sessions } = make()
  const server = await serveRaw(
    withSession(sessions, (request, response) => {
      response.end(`seen ${request.session.isNew}`)
    }),
  )
  for (const target of ['*', 'http://evil.example/x', '//', '/..', '/%', '/?a?b#c']) {
    const method = target === '*' ? 'OPTIONS' : 'GET'
    const text = `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
    assert.match(await exchangeRaw(server.port, text), /seen true$/, target)
  }
  await server.close()
})

test('ADP-21 pipelined requests are answered in order, each with its own session', async (context) => {
  const { sessions } = make({}, 'later')
  const ada = await loggedIn(context, sessions, 'ada')
  const bob = await loggedIn(context, sessions, 'bob')
  const server = await serveRaw(
    withSession(sessions, (request, response) => {
      request.session['seen'] = request.url
      response.end(`<${request.auth?.sub} ${request.url}>`)
    }),
  )
  const cookies = [ada, '', bob, ada, bob, '']
  const socket = connectTcp(server.port, '127.0.0.1')
  let bytes = ''
  socket.on('data', (chunk) => (bytes += chunk.toString('latin1')))
  socket.write(
    cookies
      .map((cookie, index) => {
        const last = index === cookies.length - 1 ? 'Connection: close\r\n' : ''
        return `GET /${index} HTTP/1.1\r\nHost: a\r\n${last}Cookie: ${cookie}\r\n\r\n`
      })
      .join(''),
  )
  await once(socket, 'close')
  await server.close()
  const answers = ['ada', 'undefined', 'bob', 'ada', 'bob', 'undefined']
  assert.deepEqual(
    bytes.match(/<.*?>/g),
    answers.map((name, index) => `<${name} /${index}>`),
  )
})

function make(
  options: Partial<Parameters<typeof createSessions>[0]> = {},
  way: 'at once' | 'later' = 'at once',
): { sessions: Sessions; store: StoreProbe } {
  const store = probe(memory(), way)
  return { sessions: createSessions({ keys: KEY, store, ...options }), store }
}

async function serve(context: TestContext, listener: RequestListener): Promise<HttpClient> {
  const served = await listen(listener)
  context.after(() => served.close())
  return new HttpClient(served)
}

/** A route that counts in the session. */
function routes(app: Express): void {
  app.use('/count', (req, res) => {
    req.session['count'] = (req.session['count'] ?? 0) + 1
    res.end(String(req.session['count']))
  })
}

/** The cookie of a user who logged in. */
async function loggedIn(context: TestContext, sessions: Sessions, id = 'ada'): Promise<string> {
  const browser = await serve(
    context,
    withSession(sessions, async (request, response) => {
      await request.session.login({ id })
      response.end()
    }),
  )
  await browser.ask('/')
  return browser.cookie
}

/** What Engine.IO gives middleware at an upgrade. */
function engineStub(): object {
  return {
    setHeader() {},
    getHeader() {},
    removeHeader() {},
    write() {},
    writeHead() {},
    end() {},
  }
}
