import { after, before, describe } from 'node:test'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { redis, type RedisClient } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import * as servers from '../support/servers.ts'

const host = '127.0.0.1'
const quick = { histories: 100, logouts: 1000 }

describe('Redis', servers.redis.needed(), () => {
  let server: servers.RunningServer
  const clients: { close: () => unknown }[] = []
  let nodeRedis: ReturnType<typeof createClient>
  let ioRedis: Redis

  before(async () => {
    server = await servers.redis.start()
    nodeRedis = createClient({ socket: { host, port: server.port } })
    await nodeRedis.connect()
    ioRedis = new Redis({ host, port: server.port })
    clients.push({ close: () => nodeRedis.destroy() }, { close: () => ioRedis.disconnect() })
  })
  after(async () => {
    for (const client of clients) client.close()
    await server.stop()
  })

  const two = (client: RedisClient, other: RedisClient, now: () => number) => {
    const prefix = `${newId()}:`
    const stores = [redis(client, { prefix, now }), redis(other, { prefix, now })] as const
    return { store: stores[0], other: stores[1], close: () => stores.forEach((it) => it.close?.()) }
  }

  testStore('redis() on node-redis', ({ now }) => two(nodeRedis, nodeRedis, now), quick)
  testStore('redis() on ioredis', ({ now }) => two(ioRedis, ioRedis, now), quick)
})
