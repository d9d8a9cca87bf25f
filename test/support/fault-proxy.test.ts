import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Fault, FaultProxy } from './fault-proxy.ts'

describe('the fault proxy', () => {
  let server: Server
  let proxy: FaultProxy
  let received = ''

  before(async () => {
    // Echoes in upper case.
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        received += chunk.toString()
        socket.write(chunk.toString().toUpperCase())
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await FaultProxy.start((server.address() as AddressInfo).port)
  })
  beforeEach(() => {
    received = ''
  })
  after(async () => {
    await proxy.stop()
    server.close()
  })

  /** Sends four bytes; what came back until all came, the end, or a moment of silence. */
  async function ask(): Promise<string> {
    const socket = createConnection(proxy.port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      socket.write('ping')
      let answer = ''
      for await (const chunk of socket.setTimeout(100, () => socket.end())) {
        answer += String(chunk)
        if (answer === 'PING') break
      }
      return answer
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'error'
    } finally {
      socket.destroy()
    }
  }

  const cases: readonly (readonly [Fault, answer: string, received: string])[] = [
    [{ kind: 'refuse' }, 'ECONNREFUSED', ''],
    [{ kind: 'silence' }, '', ''],
    [{ kind: 'delay', ms: 20 }, 'PING', 'ping'],
    [{ kind: 'drip', ms: 5 }, 'PING', 'ping'],
    [{ kind: 'reset', at: 'request' }, 'ECONNRESET', ''],
    [{ kind: 'reset', at: 'half' }, 'ECONNRESET', 'pi'],
    [{ kind: 'reset', at: 'sent' }, 'ECONNRESET', 'ping'],
    [{ kind: 'reset', at: 'reply' }, 'ECONNRESET', 'ping'],
    [{ kind: 'truncate' }, 'PI', 'ping'],
    [{ kind: 'answer', answer: () => '-ERR' }, '-ERR', ''],
  ]
  for (const [fault, answer, reached] of cases) {
    test(`${Object.values(fault).map(String).join(' ')}: and then all is well again`, async () => {
      await proxy.fail(fault)
      assert.equal(await ask(), answer)
      while (received.length < reached.length) await nextTurn()
      assert.equal(received, reached)
      await proxy.heal()
      assert.equal(await ask(), 'PING')
    })
  }

  test('one connection may fail alone', async () => {
    const socket = createConnection(proxy.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('ping')
    await once(socket, 'data')
    const [connection] = proxy.connections
    connection!.fault = { kind: 'reset', at: 'request' }
    const closed = once(socket, 'error')
    socket.write('ping')
    assert.equal(((await closed) as [NodeJS.ErrnoException])[0].code, 'ECONNRESET')
    assert.equal(await ask(), 'PING')
  })
})
