import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { FakeVisit, look } from './fake-visit.ts'
import { type RawAnswer, exchangeRaw, rawAnswers, requestText, serveRaw } from './raw-http.ts'

type Log = unknown[]
type App = (response: ServerResponse, log: Log, request: IncomingMessage) => unknown

/** What an app does with its response; the bytes and what it saw must be as without a session. */
const APPS: Record<string, App> = {
  'end(text)': (response) => response.end('hello'),
  'end(buffer)': (response) => response.end(Buffer.from([0, 1, 0xfe, 0xff])),
  'end(text, encoding)': (response) => response.end('h\u00e9', 'latin1'),
  'end(text, encoding, callback)': (response, log) =>
    response.end('h\u00e9', 'latin1', () => log.push('done')),
  'end(text, callback)': (response, log) => response.end('hello', () => log.push('done')),
  'end(callback)': (response, log) => response.end(() => log.push('done')),
  'end()': (response) => response.end(),
  'end(null)': (response) => response.end(null),
  "end('')": (response) => response.end(''),
  'end returns the response': (response, log) => log.push(response.end('x') === response),
  'write, then end': (response, log) => {
    log.push(response.write('one '), response.write(Buffer.from('two ')))
    response.end('three')
  },
  'write(text, encoding, callback)': (response, log) => {
    response.write('h\u00e9', 'latin1', (error) => log.push('written', error))
    response.end(() => log.push('ended'))
  },
  'write of nothing': (response) => {
    response.write('')
    response.end('x')
  },
  'writeHead(status)': (response) => response.writeHead(201).end('made'),
  'writeHead(status, headers)': (response) =>
    response.writeHead(200, { 'content-TYPE': 'text/plain', 'X-Many': ['a', 'b'] }).end('x'),
  'writeHead(status, message, headers)': (response) =>
    response.writeHead(404, 'Not Here', { 'X-A': '1' }).end('x'),
  'writeHead(status, undefined, headers)': (response) =>
    response.writeHead(404, undefined, { 'X-A': '1' }).end('x'),
  'writeHead with a number': (response) =>
    response.writeHead(200, { 'Content-Length': 1 }).end('x'),
  'writeHead(flat array with duplicates)': (response) =>
    response
      .writeHead(200, ['X-A', '1', 'X-A', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
      .end(),
  'ADP-05 writeHead(pairs with duplicates)': (response, log) => {
    const headers: [string, string][] = [
      ['X-A', '1'],
      ['X-A', '2'],
      ['Date', 'never'],
    ]
    response.writeHead(200, headers as never).end()
    log.push(headers)
  },
  'writeHead(array) over set headers': (response) => {
    response.setHeader('X-A', 'before')
    response.setHeader('X-B', 'kept')
    response.writeHead(200, ['X-A', '1', 'X-A', '2']).end()
  },
  'writeHead(object) over set headers': (response) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2'])
    response.writeHead(200, { 'set-cookie': 'c=3' }).end()
  },
  'writeHead refuses odd arrays, then 500': (response, log) => {
    attempt(log, () => response.writeHead(200, ['X-A'] as never))
    response.writeHead(500, 'Sorry').end('sorry')
  },
  'writeHead refuses a bad status, then 500': (response, log) => {
    attempt(log, () => response.writeHead(99))
    attempt(log, () => response.writeHead(1000))
    attempt(log, () => response.writeHead('x' as never))
    response.writeHead(500, 'Sorry').end('sorry')
  },
  'writeHead refuses bad headers, then 500': (response, log) => {
    attempt(log, () => response.writeHead(200, { 'X A': '1' }))
    attempt(log, () => response.writeHead(200, { 'X-A': 'a\r\nb' }))
    attempt(log, () => response.writeHead(200, { 'X-A': undefined }))
    response.writeHead(500, 'Sorry').end('sorry')
  },
  'writeHead twice': (response, log) => {
    response.writeHead(200)
    attempt(log, () => response.writeHead(200))
    response.end('x')
  },
  'statusCode and statusMessage': (response) => {
    response.statusCode = 418
    response.statusMessage = 'Short and Stout'
    response.end('tea')
  },
  'setHeader, appendHeader, setHeaders, removeHeader': (response) => {
    response.setHeader('X-A', 'a').appendHeader('X-A', 'b')
    response.setHeaders(new Map([['X-B', 'c']]))
    response.removeHeader('Date')
    response.end('x')
  },
  'headers after the head': (response, log) => {
    response.write('x')
    log.push(response.headersSent)
    attempt(log, () => response.setHeader('X-A', '1'))
    attempt(log, () => response.appendHeader('X-A', '1'))
    attempt(log, () => response.removeHeader('X-A'))
    attempt(log, () => response.setHeaders(new Map()))
    attempt(log, () => response.writeHead(200))
    log.push(response.getHeader('X-A'), response.writableEnded)
    response.end()
    log.push(response.writableEnded)
  },
  'Content-Length by the app': (response) => {
    response.setHeader('Content-Length', 6)
    response.write('abc')
    response.end('def')
  },
  'flushHeaders, then events over time': async (response, log) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.flushHeaders()
    log.push(response.headersSent)
    for (const event of ['one', 'two', 'three']) {
      response.write(`data: ${event}\n\n`)
      await turn()
    }
    response.end()
  },
  'flushHeaders alone': (response) => {
    response.flushHeaders()
    setImmediate(() => response.end())
  },
  'pipe of a short stream': (response) => Readable.from(['a', 'b', 'c']).pipe(response),
  'pipe of a long stream': (response) => Readable.from(blocks()).pipe(response),
  'pipeline of a long stream': async (response, log) => {
    await pipeline(blocks, response)
    log.push('done', response.writableFinished)
  },
  'drain by hand': async (response, log) => {
    for (const block of blocks()) {
      if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve))
    }
    response.end(() => log.push('done'))
  },
  trailers: (response, _log, request) => {
    if (request.method === 'HEAD' || request.httpVersion === '1.0') return response.end()
    response.setHeader('Trailer', 'X-Sum')
    response.write('x')
    response.addTrailers({ 'X-Sum': '1' })
    response.end()
  },
  'cork and uncork': (response) => {
    response.cork()
    response.write('a')
    response.write('b')
    response.uncork()
    response.end('c')
  },
  'second end': (response, log) => {
    response.end('x', () => log.push('first'))
    log.push(response.end() === response)
  },
  'write after end': (response, log) => {
    response.on('error', (error: NodeJS.ErrnoException) => log.push(error.code))
    response.end('x')
    log.push(response.write('y'))
    response.end('z')
  },
  'CKO-24 204': (response) => {
    response.statusCode = 204
    response.end()
  },
  'CKO-24 304': (response) => {
    response.writeHead(304, { ETag: '"1"' }).end()
  },
  'CKO-24 1xx before the answer': (response) => {
    response.writeContinue()
    response.writeProcessing()
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.end('x')
  },
  finished: (response, log) => {
    response.on('finish', () => log.push('finish', response.writableFinished))
    response.on('close', () => log.push('close'))
    response.end('x')
  },
}

const REQUESTS = {
  GET: requestText(),
  HEAD: requestText('HEAD'),
  'HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  pipelined: requestText().replace('Connection: close\r\n', '') + requestText(),
}

describe('R14 ADP-04 the bytes and what the app sees are as without a session', () => {
  for (const [name, app] of Object.entries(APPS)) {
    test(name, async () => {
      for (const request of Object.values(REQUESTS)) {
        const expected = await run(app, request, () => undefined)
        assert.deepEqual(await run(app, request, () => new FakeVisit()), expected)
        assert.deepEqual(await run(app, request, () => new FakeVisit({}, turn())), expected)
        assert.ok(expected.answers.length > 0)
      }
    })
  }

  test('ADP-07 an upgrade by writeHead(101) is not held and not committed', async () => {
    const visit = new FakeVisit({ vary: true }, turn())
    const app: App = (response) => {
      response.writeHead(101, { Upgrade: 'echo', Connection: 'Upgrade' })
      response.flushHeaders()
      response.socket?.end('raw')
    }
    const held = await run(app, requestText(), () => visit)
    assert.deepEqual(held, await run(app, requestText(), () => undefined))
    assert.deepEqual(visit.commits, [])
  })

  test('one commit, with the status and the Cache-Control of the answer', async () => {
    const visit = new FakeVisit({}, turn())
    const app: App = (response) => {
      response.setHeader('Cache-Control', 'private')
      response.writeHead(202, { 'Cache-Control': 'public, max-age=1' })
      response.write('a')
      response.end('b')
      response.end()
    }
    await run(app, requestText(), () => visit)
    assert.deepEqual(visit.commits, [{ status: 202, cacheControl: 'public, max-age=1' }])
  })
})

async function run(
  app: App,
  request: string,
  visit: () => FakeVisit | undefined,
): Promise<{ answers: RawAnswer[]; log: Log }> {
  const log: Log = []
  const closed: Promise<void>[] = []
  const server = await serveRaw((incoming, response) => {
    closed.push(new Promise((resolve) => response.on('close', () => resolve())))
    const ours = visit()
    if (ours !== undefined) look(response, ours)
    void app(response, log, incoming)
  })
  try {
    const bytes = await exchangeRaw(server.port, request)
    await Promise.all(closed)
    return { answers: rawAnswers(bytes, request.split(' ')[0]), log }
  } finally {
    await server.close()
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

function* blocks(): Generator<Buffer> {
  for (let block = 0; block < 8; block++) yield Buffer.alloc(40_000, block)
}
