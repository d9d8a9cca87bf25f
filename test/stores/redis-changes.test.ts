// What whoever listens to the store in Redis hears while connections come and go.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { StoreChange } from '../../src/session/record.ts'
import { redis } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { type Connection, FaultProxy } from '../support/fault-proxy.ts'
import { type OpenClient, openClients, until } from '../support/redis-stores.ts'
import * as servers from '../support/servers.ts'
import { lasting, untilItAnswers } from '../support/store-faults.ts'

for (const [name, open] of Object.entries(openClients)) {
  describe(`changes of redis() by ${name}`, servers.redis.needed(), () => {
    let server: servers.RunningServer
    let proxy: FaultProxy
    let opened: OpenClient
    let store: ReturnType<typeof redis>
    let heard: StoreChange[]
    let stop: () => unknown

    beforeEach(async () => {
      server = await servers.redis.start()
      proxy = await FaultProxy.start(server.port)
      opened = open(proxy.port)
      store = redis(opened.client)
      await untilItAnswers(store)
      heard = []
      stop = store.changes!((change) => heard.push(change))
      await until(hears('gap'))
    })
    afterEach(async () => {
      await stop()
      await store.close()
      await opened.end()
      await proxy.stop()
      await server.stop()
    })

    const hears = (kind: StoreChange['kind']) => () => heard.some((change) => change.kind === kind)
    const listening = (): Connection => [...proxy.connections].at(-1)!
    const isHeardOf = async (id: string): Promise<void> => {
      heard.length = 0
      await store.end(id)
      await until(hears('session'))
      assert.deepEqual(heard.at(-1), { kind: 'session', handle: store.handle(id) })
    }

    test('R13 a listener that is lost is a gap, and another takes its place', async () => {
      const [first, second] = [newId(), newId()]
      for (const id of [first, second]) await store.create(id, lasting())
      await isHeardOf(first)
      heard.length = 0
      listening().reset()
      await until(hears('gap'))
      heard.length = 0
      await until(hears('gap'))
      assert.ok(heard.every(({ kind }) => kind === 'gap'))
      await isHeardOf(second)
    })

    test('R13 a listener that hears nothing any more is a gap, again and again', async () => {
      heard.length = 0
      listening().fault = { kind: 'silence' }
      await until(() => heard.filter(({ kind }) => kind === 'gap').length >= 3)
      await until(async () => {
        const id = newId()
        await store.create(id, lasting())
        await store.end(id)
        return hears('session')()
      })
    })

    test('R13 while Redis is away there are gaps, and then changes are heard', async () => {
      const id = newId()
      await store.create(id, lasting())
      heard.length = 0
      await proxy.fail({ kind: 'refuse' })
      await until(hears('gap'))
      await proxy.heal()
      await untilItAnswers(store)
      heard.length = 0
      await until(hears('gap'))
      await isHeardOf(id)
    })

    test('CRS-09 close ends the listening, and leaves the client to the app', async () => {
      const connections = proxy.connections.size
      await store.close()
      await until(() => proxy.connections.size === connections - 1)
      assert.equal(await store.read(newId()), undefined)
    })

    test('without notify nothing is told, and nobody can listen', async () => {
      const quiet = redis(opened.client, { notify: false })
      assert.equal(quiet.changes, undefined)
      assert.equal(quiet.guarantees.hearsChanges, false)
      const [told, untold] = [newId(), newId()]
      for (const id of [told, untold]) await store.create(id, lasting())
      await quiet.end(untold)
      await isHeardOf(told)
      assert.ok(!heard.some((change) => JSON.stringify(change).includes(store.handle(untold))))
    })
  })
}
