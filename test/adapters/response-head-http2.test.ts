import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  connect,
  createServer,
} from 'node:http2'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { FakeVisit, cookie, look } from './fake-visit.ts'

type Log = unknown[]
/** What @types/node leaves out. */
type Response = Http2ServerResponse & {
  flushHeaders(): void
  setTrailer(name: string, value: string): void
}
type App = (response: Response, log: Log, request: Http2ServerRequest) => unknown

const APPS: Record<string, App> = {
  'end(text)': (response) => response.end('hello'),
  'end(callback)': (response, log) => response.end(() => log.push('done')),
  'end(text, encoding, callback)': (response, log) =>
    response.end('h\u00e9', 'latin1', () => log.push('done')),
  'write, then end': (response, log) => {
    response.write('one ')
    response.write(Buffer.from('two'), () => log.push('written'))
    response.end()
  },
  'writeHead with an object': (response) =>
    response.writeHead(201, { 'X-A': '1', 'Set-Cookie': ['a=1', 'b=2'] }).end('x'),
  'writeHead with pairs': (response) =>
    response
      .writeHead(200, [
        ['x-a', '1'],
        ['x-a', '2'],
      ] as never)
      .end('x'),
  'writeHead with a flat array': (response) =>
    response.writeHead(200, ['x-a', '1', 'set-cookie', 'a=1'] as never).end('x'),
  'headers after the head': (response, log) => {
    response.write('x')
    log.push(response.headersSent)
    attempt(log, () => response.setHeader('x-a', '1'))
    attempt(log, () => response.removeHeader('x-a'))
    attempt(log, () => response.writeHead(200))
    response.end()
    log.push(response.writableEnded)
  },
  flushHeaders: async (response) => {
    response.flushHeaders()
    await turn()
    response.end('x')
  },
  'pipe of a short stream': (response) => Readable.from(['a', 'b']).pipe(response),
  'pipeline of a long stream': async (response, log) => {
    const blocks = Array.from({ length: 8 }, (_, block) => Buffer.alloc(40_000, block))
    await pipeline(blocks, response)
    log.push('done')
  },
  'second end': (response, log) => {
    response.end('x')
    response.end('y', () => log.push('second'))
  },
  trailers: (response) => {
    response.setTrailer('x-sum', '1')
    response.end('x')
  },
  'CKO-24 204': (response) => response.writeHead(204).end(),
  'CKO-24 304': (response) => {
    response.statusCode = 304
    response.end()
  },
  'CKO-24 103': (response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.end('x')
  },
}

describe('ADP-08 HTTP/2 answers are as without a session', () => {
  for (const [name, app] of Object.entries(APPS)) {
    test(name, async () => {
      for (const method of ['GET', 'HEAD']) {
        const expected = await ask(app, method, () => undefined)
        assert.deepEqual(await ask(app, method, () => new FakeVisit()), expected)
        assert.deepEqual(await ask(app, method, () => new FakeVisit({}, turn())), expected)
      }
    })
  }
})

const WAYS: Record<string, () => Promise<unknown> | undefined> = {
  'at once': () => undefined,
  later: () => turn(),
}

for (const [way, until] of Object.entries(WAYS)) {
  test(`ADP-08 the changes stand in an HTTP/2 head, commit ${way}`, async () => {
    const changes = { cookies: [cookie('session', 'token')], vary: true }
    const app: App = (response) => response.writeHead(200, { 'set-cookie': 'a=1' }).end('x')
    const { headers } = await ask(app, 'GET', () => new FakeVisit(changes, until()))
    assert.deepEqual(headers['set-cookie'], [
      'a=1',
      'session=token; Path=/; HttpOnly; SameSite=Lax',
    ])
    assert.equal(headers['vary'], 'Cookie')
  })

  test(`R14 a failed commit is a 500 over HTTP/2, commit ${way}`, async () => {
    const error = new SessionError('store_unavailable', 'The store is down')
    const app: App = async (response, log) => {
      response.setHeader('x-token', 'secret')
      response.write('secret')
      await turn()
      await turn()
      await turn()
      response.end('more', () => log.push('dropped'))
    }
    const answer = await ask(app, 'GET', () => new FakeVisit({ error }, until()))
    assert.equal(answer.headers[':status'], 500)
    assert.equal(answer.headers['x-token'], undefined)
    assert.match(answer.body, /^Internal Server Error/)
    assert.doesNotMatch(answer.body, /secret|more/)
  })
}

test('RAC-14 an HTTP/2 stream that is reset while held hurts nobody', async () => {
  const gate = Promise.withResolvers<void>()
  const visit = new FakeVisit({ vary: true }, gate.promise)
  const held = Promise.withResolvers<Http2ServerResponse>()
  const server = await serve((response) => {
    look(response as unknown as ServerResponse, visit)
    response.write('one')
    response.end('two')
    held.resolve(response)
  })
  const client = connect(server.url)
  const stream = client.request({ ':path': '/' })
  stream.on('error', () => {})
  stream.end()
  const response = await held.promise
  stream.close()
  await once(response, 'close')
  gate.resolve()
  await turn()
  await turn()
  assert.equal(visit.commits.length, 1)
  client.destroy()
  await server.close()
})

interface Answer {
  readonly headers: IncomingHttpHeaders & { ':status'?: number | undefined }
  readonly informational: unknown[]
  readonly trailers: unknown
  readonly body: string
  readonly log: Log
}

async function ask(app: App, method: string, visit: () => FakeVisit | undefined): Promise<Answer> {
  const log: Log = []
  const informational: unknown[] = []
  const server = await serve((response, request) => {
    const ours = visit()
    if (ours !== undefined) look(response as unknown as ServerResponse, ours)
    void app(response, log, request)
  })
  const client = connect(server.url)
  const stream = client.request({ ':path': '/', ':method': method })
  let headers: Answer['headers'] = {}
  let trailers: unknown
  let body = ''
  stream.on('headers', ({ date: _date, ...rest }) => informational.push(rest))
  stream.on('response', ({ date: _date, ...rest }) => (headers = rest))
  stream.on('trailers', (received) => (trailers = { ...received }))
  stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
  stream.end()
  await once(stream, 'close')
  await turn()
  client.close()
  await server.close()
  return { headers: { ...headers }, informational, trailers, body, log }
}

async function serve(
  listener: (response: Response, request: Http2ServerRequest) => void,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => listener(response as Response, request))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function attempt(log: Log, action: () => unknown): void {
  try {
    action()
    log.push('no error')
  } catch (error) {
    log.push((error as NodeJS.ErrnoException).code, (error as Error).message)
  }
}
