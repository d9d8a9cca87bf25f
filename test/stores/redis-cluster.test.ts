import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { ENDED } from '../../src/session/record.ts'
import { redis, type RedisClient } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { type RedisCluster, startCluster } from '../support/redis-servers.ts'
import { twoStores, until } from '../support/redis-stores.ts'
import { LOOPBACK, redis as server } from '../support/servers.ts'
import { amounts } from '../support/store-amounts.ts'
import { isFailure, lasting, outcome } from '../support/store-faults.ts'

const some = { ...amounts(1 / 2), without: ['sweep'] } as const
const SESSIONS = 60

describe('Redis Cluster', server.needed(), () => {
  let cluster: RedisCluster
  let nodeRedis: ReturnType<typeof nodeRedisCluster>
  let ioRedis: Cluster

  const nodeRedisCluster = (ports: readonly number[]) =>
    createCluster({
      rootNodes: ports.map((port) => ({ socket: { host: LOOPBACK, port } })),
      defaults: { disableOfflineQueue: true },
    })

  before(async () => {
    cluster = await startCluster()
    const ports = cluster.masters.map(({ port }) => port)
    nodeRedis = nodeRedisCluster(ports).on('error', () => undefined)
    await nodeRedis.connect()
    ioRedis = new Cluster(
      ports.map((port) => ({ host: LOOPBACK, port })),
      { enableOfflineQueue: false, lazyConnect: true, redisOptions: { maxRetriesPerRequest: 0 } },
    )
    ioRedis.on('error', () => undefined)
    await ioRedis.connect()
  })
  after(async () => {
    nodeRedis.destroy()
    ioRedis.disconnect()
    await cluster.stop()
  })

  testStore('by node-redis', ({ now }) => twoStores(nodeRedis, nodeRedis, now), some)
  testStore('by ioredis', ({ now }) => twoStores(ioRedis, ioRedis, now), some)

  test('FLT-02 a master that dies takes no other down, and its replica takes its place', async () => {
    const clients: Record<string, RedisClient> = { nodeRedis, ioRedis }
    const stores = Object.entries(clients).map(([name, client]) => {
      const store = redis(client, { timeout: 1000 })
      return { name, store, ids: Array.from({ length: SESSIONS }, newId) }
    })
    const record = lasting({ userId: undefined })
    for (const { store, ids } of stores) {
      for (const id of ids) assert.equal(await store.create(id, record), true)
    }
    await cluster.masters[0]!.stop()
    for (const { name, store, ids } of stores) {
      const answers = await Promise.all(ids.map((id) => outcome(() => store.read(id))))
      const served = answers.filter((answer) => !isFailure(answer))
      assert.ok(served.length > SESSIONS / 3, `${name}: ${served.length} are still served`)
      for (const answer of served) assert.deepEqual(answer, record)
    }
    for (const { store, ids } of stores) {
      for (const id of ids) {
        await until(async () => !isFailure(await outcome(() => store.read(id))))
        assert.deepEqual(await store.read(id), record)
        assert.equal(await store.end(id), 'ok')
        assert.equal(await store.read(id), ENDED)
      }
      await store.close?.()
    }
  })
})
