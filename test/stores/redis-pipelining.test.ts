// How often the store in Redis writes to its socket, and waits for an answer.
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { after, before, describe, test, type TestContext } from 'node:test'
import { redis } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { openClients } from '../support/redis-stores.ts'
import * as servers from '../support/servers.ts'
import { lasting, untilItAnswers } from '../support/store-faults.ts'

const REQUESTS = 64

describe('commands to Redis', servers.redis.needed(), () => {
  let server: servers.RunningServer
  before(async () => {
    server = await servers.redis.start()
  })
  after(() => server.stop())

  /** Writes to the server and answers by it, in their order, while `step` runs. */
  async function traffic(t: TestContext, step: () => Promise<void>): Promise<string[]> {
    const order: string[] = []
    const watch = (method: '_write' | '_writev' | 'push', what: string): (() => void) => {
      const original = Reflect.get(Socket.prototype, method) as (...args: unknown[]) => unknown
      const { mock } = t.mock.method(Socket.prototype, method, function (
        this: Socket,
        ...args: unknown[]
      ) {
        if (this.remotePort === server.port) order.push(what)
        return original.apply(this, args)
      } as never)
      return () => mock.restore()
    }
    const stops = [watch('_write', 'write'), watch('_writev', 'write'), watch('push', 'answer')]
    try {
      await step()
    } finally {
      for (const stop of stops) stop()
    }
    return order
  }

  for (const [name, openClient] of Object.entries(openClients)) {
    test(`FLT a session and the mark of its user are read in one round trip, by ${name}`, async (t) => {
      const { client, end } = openClient(server.port)
      const store = redis(client, { notify: false })
      await untilItAnswers(store)
      const [id, record] = [newId(), lasting()]
      await store.create(id, record)
      const order = await traffic(t, async () => {
        assert.deepEqual(await store.read(id, record.userId), record)
      })
      assert.ok(order.includes('answer'))
      assert.equal(order.lastIndexOf('write') < order.indexOf('answer'), true, order.join())
      await store.close?.()
      await end()
    })

    test(`requests at the same time share writes to the socket, by ${name}`, async (t) => {
      const { client, end } = openClient(server.port)
      const store = redis(client, { notify: false })
      await untilItAnswers(store)
      const ids = Array.from({ length: REQUESTS }, newId)
      for (const id of ids) await store.create(id, lasting())
      const order = await traffic(t, async () => {
        const read = await Promise.all(ids.map(async (id) => store.read(id, 'ada')))
        assert.ok(read.every((record) => typeof record === 'object'))
      })
      const writes = order.filter((what) => what === 'write').length
      assert.ok(writes > 0 && writes <= REQUESTS / 8, `${writes} writes`)
      await store.close?.()
      await end()
    })
  }
})
