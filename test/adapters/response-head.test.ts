import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type ServerResponse, createServer, ServerResponse as NodeServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { SessionError } from '../../src/errors.ts'
import type { HeadChanges } from '../../src/session/commit.ts'
import { FakeVisit, type Handler, NO_CHANGES, cookie, hooks, look } from './fake-visit.ts'
import { exchangeRaw, rawAnswers, requestText, serveRaw } from './raw-http.ts'
import { compress, onHeaders } from './wrappers.ts'

const CHANGES: Partial<HeadChanges> = {
  cookies: [cookie('session', 'token')],
  vary: true,
  cacheControl: 'no-store',
}
const SET_COOKIE = 'Set-Cookie: session=token; Path=/; HttpOnly; SameSite=Lax'
const FAILURE = new SessionError('store_unavailable', 'The store is down')

/** Both ways in which a commit answers. */
const WAYS: Record<string, () => Promise<unknown> | undefined> = {
  'at once': () => undefined,
  later: () => turn(),
}

describe('R14 the changes stand in the head, however it is made', () => {
  const apps: Record<string, Handler> = {
    end: (response) => response.end('x'),
    write: (response) => {
      response.write('x')
      response.end()
    },
    flushHeaders: (response) => {
      response.flushHeaders()
      response.end('x')
    },
    writeHead: (response) => response.writeHead(200).end('x'),
    'writeHead with an object': (response) => response.writeHead(200, { 'X-A': '1' }).end('x'),
    'writeHead with a message': (response) => response.writeHead(200, 'Fine', { 'X-A': '1' }).end(),
    'CVE-2025-7339 writeHead with an array': (response) =>
      response.writeHead(200, ['X-A', '1', 'X-A', '2']).end('x'),
    'ADP-05 writeHead with pairs': (response) =>
      response.writeHead(200, [['X-A', '1']] as never).end('x'),
  }
  for (const [way, until] of Object.entries(WAYS)) {
    for (const [name, app] of Object.entries(apps)) {
      test(`${name}, commit ${way}`, async () => {
        const bytes = await answer(app, new FakeVisit(CHANGES, until()))
        assert.deepEqual(lines(bytes, 'set-cookie'), [SET_COOKIE])
        assert.deepEqual(lines(bytes, 'vary'), ['Vary: Cookie'])
        assert.deepEqual(lines(bytes, 'cache-control'), ['Cache-Control: no-store'])
      })
    }

    test(`CKO-08 CKO-09 CKO-20 CKO-21 what the app set is joined, commit ${way}`, async () => {
      const app: Handler = (response) => {
        response.setHeader('Vary', 'Accept-Encoding')
        response.setHeader('Set-Cookie', ['a=1', 'session=forged; Path=/', 'b=2'])
        response.writeHead(200, { 'Cache-Control': 'public' }).end('x')
      }
      const bytes = await answer(app, new FakeVisit(CHANGES, until()))
      assert.deepEqual(lines(bytes, 'set-cookie'), [
        'Set-Cookie: a=1',
        'Set-Cookie: b=2',
        SET_COOKIE,
      ])
      assert.deepEqual(lines(bytes, 'vary'), ['Vary: Accept-Encoding, Cookie'])
      assert.deepEqual(lines(bytes, 'cache-control'), ['Cache-Control: no-store'])
    })

    test(`the response's own methods are back afterwards, commit ${way}`, async () => {
      const visit = new FakeVisit(CHANGES, until())
      await answer(async (response) => {
        const own = { ...METHODS_OF(response) }
        response.flushHeaders()
        await turn()
        await turn()
        for (const [name, method] of Object.entries(METHODS_OF(response))) {
          assert.notEqual(method, own[name], name)
          assert.equal(method, METHODS_OF(NodeServerResponse.prototype)[name], name)
        }
        for (const name of ['headersSent', 'writableEnded', 'setHeader', '_implicitHeader']) {
          assert.equal(Object.hasOwn(response, name), false, name)
        }
        response.end()
      }, visit)
      assert.equal(visit.commits.length, 1)
    })

    test(`ADP-02 two sessions on one response each commit once, commit ${way}`, async () => {
      const other = hooks()
      const visits = [new FakeVisit(CHANGES, until()), new FakeVisit(CHANGES, until())] as const
      const theirs = { ...CHANGES, cookies: [cookie('other', 'token')] }
      const second = new FakeVisit(theirs, until())
      const bytes = await answer((response) => {
        look(response, second, undefined, other)
        response.write('a')
        response.end('b')
      }, visits[0])
      assert.equal(lines(bytes, 'set-cookie').length, 2)
      assert.deepEqual([visits[0].commits.length, second.commits.length], [1, 1])
      assert.equal(bodyOf(bytes), 'ab')
    })
  }
})

describe('R14 while the head is held', () => {
  test('the response says of itself what Node would, and the client sees nothing', async () => {
    const gate = Promise.withResolvers<void>()
    const visit = new FakeVisit(CHANGES, gate.promise)
    let seen: unknown[] = []
    const client = await open((response) => {
      response.write('one')
      seen = [response.headersSent, response.writableEnded, response.writableFinished]
      response.end('two')
      seen.push(response.headersSent, response.writableEnded, response.writableFinished)
      // Node's own state, by which server.close() would cut the answer off.
      seen.push(response.finished)
    }, visit)
    await client.asked
    assert.deepEqual(seen, [true, false, false, true, true, false, false])
    assert.equal(client.received(), '')
    gate.resolve()
    const bytes = await client.closed
    assert.equal(bodyOf(bytes), 'onetwo')
  })

  test('server.close() waits for the held answer', async () => {
    const gate = Promise.withResolvers<void>()
    const server = createServer((_request, response) => {
      look(response, new FakeVisit(CHANGES, gate.promise))
      response.end('kept')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const asked = once(server, 'request')
    const bytes = exchangeRaw((server.address() as AddressInfo).port, requestText())
    await asked
    server.close()
    server.closeIdleConnections()
    gate.resolve()
    assert.match(await bytes, /kept$/)
  })

  test('write asks to wait at the high-water mark, and drain follows', async () => {
    const gate = Promise.withResolvers<void>()
    const told: unknown[] = []
    const client = await open(
      (response) => {
        const chunk = Buffer.alloc(response.writableHighWaterMark / 2, 'x')
        told.push(response.write(chunk), response.writableNeedDrain)
        told.push(response.write(chunk), response.writableNeedDrain)
        response.on('drain', () => {
          told.push('drain')
          response.end()
        })
      },
      new FakeVisit({}, gate.promise),
    )
    await client.asked
    assert.deepEqual(told, [true, false, false, true])
    gate.resolve()
    assert.match(await client.closed, /^0\r\n\r\n/m)
    assert.deepEqual(told.slice(4), ['drain'])
  })

  test('RAC-14 a client that leaves hurts nobody, and the commit goes on', async () => {
    const gate = Promise.withResolvers<void>()
    const visit = new FakeVisit(CHANGES, gate.promise)
    const told: unknown[] = []
    const gone = Promise.withResolvers<void>()
    const client = await open((response) => {
      response.on('close', () => gone.resolve())
      response.on('error', (error) => told.push(error))
      response.write('one', () => told.push('written'))
      response.end('two', () => told.push('ended'))
    }, visit)
    await client.asked
    client.leave()
    await gone.promise
    gate.resolve()
    await turn()
    await turn()
    assert.equal(visit.commits.length, 1)
    assert.ok(told.length > 0 && told.every((item) => typeof item === 'string'), String(told))
  })

  test('RAC-13 a session first read after the head is out is told so at once', async () => {
    const visit = new FakeVisit(CHANGES)
    const bytes = await answer((response) => {
      response.write('x')
      look(response, visit)
      assert.equal(visit.closed, true)
      response.end()
    })
    assert.deepEqual(visit.commits, [])
    assert.deepEqual(lines(bytes, 'set-cookie'), [])
  })
})

describe('R14 an answer whose session could not be stored does not go out', () => {
  const secretive: Handler = (response) => {
    response.setHeader('X-Token', 'secret')
    response.setHeader('Set-Cookie', 'remember=me')
    response.setHeader('Location', '/welcome')
    response.statusMessage = 'Welcome'
    response.write('you are ')
    response.end('logged in')
  }
  for (const [way, until] of Object.entries(WAYS)) {
    const failing = (): FakeVisit => new FakeVisit({ vary: true, error: FAILURE }, until())

    test(`a bare 500 takes its place, commit ${way}`, async () => {
      const visit = failing()
      const bytes = await answer((response) => {
        response.setHeader('X-Kept', 'set before the session was read')
        response.setHeader('Set-Cookie', 'remember=me')
        response.setHeader('ETag', '"welcome"')
        response.setHeader('Content-Security-Policy', "default-src 'self'")
        look(response, visit)
        return secretive(response, undefined as never)
      })
      assert.match(bytes, /^HTTP\/1.1 500 Internal Server Error\r\n/)
      assert.doesNotMatch(bytes, /secret|remember|welcome|logged/i)
      assert.deepEqual(lines(bytes, 'vary'), ['Vary: Cookie'])
      assert.deepEqual(lines(bytes, 'cache-control'), ['Cache-Control: no-store'])
      assert.equal(lines(bytes, 'x-kept').length, 1)
      assert.equal(lines(bytes, 'content-security-policy').length, 1)
      assert.deepEqual(
        visit.commits.map(({ status }) => status),
        [200, 500],
      )
    })

    test(`next(error) answers, and its answer cannot fail again, commit ${way}`, async () => {
      const visit = failing()
      const errors: unknown[] = []
      const bytes = await answer((response) => {
        look(response, visit, (error) => {
          errors.push(error)
          response.writeHead(503, { 'Content-Type': 'text/html' }).end('<p>sorry</p>')
        })
        return secretive(response, undefined as never)
      })
      assert.match(bytes, /^HTTP\/1.1 503 /)
      assert.match(bytes, /sorry/)
      assert.doesNotMatch(bytes, /secret|remember|welcome|logged/i)
      assert.deepEqual(errors, [FAILURE])
      assert.equal(visit.commits.length, 2)
    })

    test(`what the app still writes is dropped, and its callbacks hear, commit ${way}`, async () => {
      const heard: unknown[] = []
      const bytes = await answer(async (response) => {
        look(response, failing(), () => response.writeHead(503).end('sorry'))
        response.write('one', (error) => heard.push(error))
        await turns()
        heard.push(
          response.headersSent,
          response.write('two', (error) => heard.push(error)),
        )
        await turn()
        response.end('three', (error?: Error) => heard.push(error))
        response.end('again')
      })
      assert.match(bytes, /^HTTP\/1.1 503 /)
      assert.match(bytes, /sorry/)
      assert.doesNotMatch(bytes, /one|two|three|again/)
      assert.deepEqual(heard, [FAILURE, true, true, FAILURE, FAILURE])
    })

    test(`a stream that fails is read to its end, then answered, commit ${way}`, async () => {
      const read: number[] = []
      const bytes = await answer((response) => {
        look(response, failing())
        Readable.from(
          (function* () {
            for (let block = 0; block < 8; block++) {
              read.push(block)
              yield Buffer.alloc(40_000, 'secret')
            }
          })(),
        ).pipe(response)
      })
      assert.match(bytes, /^HTTP\/1.1 500 /)
      assert.doesNotMatch(bytes, /secret/)
      assert.equal(read.length, 8)
    })

    test(`a stream without an end is broken off, commit ${way}`, async (context) => {
      context.mock.timers.enable({ apis: ['setTimeout'] })
      const gone = Promise.withResolvers<void>()
      let written = 0
      const bytes = answer(async (response) => {
        look(response, failing())
        response.on('close', () => gone.resolve())
        for (;;) {
          written++
          if (!response.write('x'.repeat(10_000))) await once(response, 'drain')
        }
      })
      await turns()
      assert.ok(written > 8, 'it was read on')
      context.mock.timers.tick(5000)
      await gone.promise
      assert.equal(await bytes, '')
      await turns()
      const before = written
      await turns()
      assert.equal(written, before)
    })
  }

  test('an error answer goes out even if its own commit fails', async () => {
    const visit = new FakeVisit()
    const errors: unknown[] = []
    visit.commit = () => ({ ...NO_CHANGES, error: FAILURE })
    const bytes = await answer((response) => {
      look(response, visit, (error) => {
        errors.push(error)
        response.writeHead(503).end('sorry')
      })
      response.end('secret')
    })
    assert.match(bytes, /^HTTP\/1.1 503 /)
    assert.deepEqual(errors, [FAILURE])
  })

  test('a head that the app sent behind our back is left as it is', async () => {
    const gate = Promise.withResolvers<void>()
    const bytes = await answer((response) => {
      look(response, new FakeVisit(CHANGES, gate.promise))
      response.write('one')
      NodeServerResponse.prototype.writeHead.call(response, 200)
      response.end('two')
      setImmediate(gate.resolve)
    })
    assert.equal(bodyOf(bytes), 'onetwo')
    assert.deepEqual(lines(bytes, 'set-cookie'), [])
  })

  test('an answer that is out already is broken off, never ended as if it were whole', async () => {
    const gate = Promise.withResolvers<void>()
    const bytes = await answer((response) => {
      look(response, new FakeVisit({ error: FAILURE }, gate.promise))
      response.write('two')
      NodeServerResponse.prototype.writeHead.call(response, 200)
      NodeServerResponse.prototype.write.call(response, 'one', 'latin1')
      setImmediate(gate.resolve)
    })
    assert.doesNotMatch(bytes, /0\r\n\r\n$/)
  })

  test('what Node refuses only when the calls are made goes the same way', async () => {
    const errors: unknown[] = []
    const visit = new FakeVisit(CHANGES, turn())
    const bytes = await answer((response) => {
      look(response, visit, (error) => {
        errors.push((error as NodeJS.ErrnoException).code)
        response.writeHead(500, 'Sorry').end('sorry')
      })
      response.statusMessage = 'line\r\nbreak'
      response.end('x')
    })
    assert.deepEqual(errors, ['ERR_INVALID_CHAR'])
    assert.match(bytes, /^HTTP\/1.1 500 Sorry\r\n/)
  })
})

describe('ADP-04 middleware that wraps the response, before ours and after', () => {
  for (const [way, until] of Object.entries(WAYS)) {
    for (const order of ['before', 'after']) {
      const wrapped =
        (wrap: (response: ServerResponse) => void, app: Handler): Handler =>
        (response, request) => {
          if (order === 'before') wrap(response)
          look(response, new FakeVisit(CHANGES, until()))
          if (order === 'after') wrap(response)
          return app(response, request)
        }

      for (const old of [false, true]) {
        const bodies: Record<string, [app: Handler, body: string]> = {
          'end(text)': [(response) => response.end('hello'), 'hello'],
          'write, write, end': [
            (response) => {
              response.write('one')
              response.write('two')
              response.end()
            },
            'onetwo',
          ],
          'events after flushHeaders': [
            async (response) => {
              response.flushHeaders()
              response.write('one')
              await turn()
              response.end('two')
            },
            'onetwo',
          ],
          'a short stream': [(response) => Readable.from(['a', 'b']).pipe(response), 'ab'],
          'a long stream': [
            (response) => Readable.from(noise()).pipe(response),
            Buffer.concat([...noise()]).toString('latin1'),
          ],
        }
        for (const [name, [app, body]] of Object.entries(bodies)) {
          const version = old ? 'compression 1.7' : 'compression'
          test(`${version} mounted ${order}, commit ${way}: ${name}`, async () => {
            const bytes = await answer(wrapped((response) => compress(response, old), app))
            assert.deepEqual(lines(bytes, 'set-cookie'), [SET_COOKIE])
            assert.deepEqual(lines(bytes, 'content-encoding'), ['Content-Encoding: gzip'])
            assert.match(bytes, /^Vary: .*Cookie/m)
            assert.equal(unzipped(bytes), body)
          })
        }
      }

      test(`on-headers mounted ${order}, commit ${way}: fires once, its headers stand`, async () => {
        let fired = 0
        const wrap = (response: ServerResponse): void =>
          onHeaders(response, () => response.setHeader('X-Fired', ++fired))
        const bytes = await answer(wrapped(wrap, (response) => response.end('x')))
        assert.deepEqual(lines(bytes, 'x-fired'), ['X-Fired: 1'])
        assert.deepEqual(lines(bytes, 'set-cookie'), [SET_COOKIE])
      })

      test(`compression mounted ${order}: a failed commit ${way} is answered in plain`, async () => {
        const bytes = await answer((response) => {
          if (order === 'before') compress(response)
          look(response, new FakeVisit({ error: FAILURE }, until()))
          if (order === 'after') compress(response)
          response.end('secret')
        })
        assert.match(bytes, /^HTTP\/1.1 500 /)
        const body = order === 'before' ? unzipped(bytes) : bodyOf(bytes)
        assert.match(body, /Internal Server Error/)
      })
    }
  }
})

describe('facts 3.10 a stub of a response', () => {
  for (const stub of [{}, { writeHead() {}, write() {}, end() {}, setHeader() {} }, undefined]) {
    test(`${stub && `{ ${Object.keys(stub).join()} }`}: the session is readable, nothing is replaced`, () => {
      const before = { ...stub }
      const visit = new FakeVisit(CHANGES)
      const head = look(stub as never, visit)
      assert.equal(head.session, visit.session)
      assert.deepEqual({ ...stub }, before)
      assert.deepEqual(visit.commits, [])
    })
  }
})

test('nothing is replaced before the session is read, unless cookies are to be cleared', async () => {
  const visit = new FakeVisit(CHANGES)
  visit.headPending = true
  const replaced: boolean[] = []
  await answer((response) => {
    replaced.push(Object.hasOwn(response, 'end'))
    look(response, visit)
    replaced.push(Object.hasOwn(response, 'end'))
    response.end()
  })
  assert.deepEqual(replaced, [false, true])
})

/** What one request is answered, byte for byte. */
async function answer(app: Handler, visit?: FakeVisit): Promise<string> {
  const server = await serveRaw((request, response) => {
    if (visit !== undefined) look(response, visit)
    void app(response, request)
  })
  try {
    return await exchangeRaw(server.port, requestText())
  } finally {
    await server.close()
  }
}

/** A client whose answer is still to come. */
async function open(
  app: Handler,
  visit: FakeVisit,
): Promise<{
  asked: Promise<unknown>
  closed: Promise<string>
  received(): string
  leave(): void
}> {
  const events = new EventEmitter()
  const asked = once(events, 'asked')
  const server = await serveRaw((request, response) => {
    look(response, visit)
    void app(response, request)
    setImmediate(() => events.emit('asked'))
  })
  const socket = connect(server.port, '127.0.0.1')
  let bytes = ''
  socket.on('data', (chunk) => (bytes += chunk.toString('latin1')))
  socket.write(requestText())
  const closed = once(socket, 'close').then(async () => {
    await server.close()
    return bytes
  })
  return { asked, closed, received: () => bytes, leave: () => socket.destroy() }
}

function lines(bytes: string, name: string): string[] {
  const head = bytes.split('\r\n\r\n')[0]!.split('\r\n')
  return head.filter((line) => line.toLowerCase().startsWith(`${name}:`))
}

function bodyOf(bytes: string): string {
  return rawAnswers(bytes)[0]?.body ?? ''
}

function unzipped(bytes: string): string {
  return gunzipSync(Buffer.from(bodyOf(bytes), 'latin1')).toString('latin1')
}

/** Longer than any high-water mark on the way, also when compressed. */
function* noise(): Generator<Buffer> {
  let seed = 1
  for (let block = 0; block < 6; block++) {
    yield Buffer.from(
      Array.from({ length: 50_000 }, () => (seed = (seed * 48_271) % 2_147_483_647) & 0xff),
    )
  }
}

function METHODS_OF(response: object): Record<string, unknown> {
  const { writeHead, write, end, flushHeaders } = response as Record<string, unknown>
  return { writeHead, write, end, flushHeaders }
}

/** Long enough for a commit to have failed. */
async function turns(): Promise<void> {
  for (let count = 0; count < 5; count++) await turn()
}
