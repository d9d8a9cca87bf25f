// Clients of Redis as apps make them, and stores over them.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { redis, type RedisClient } from '../../src/stores/redis.ts'
import { newId, type StoreUnderTest } from '../../src/testing/store-bench.ts'

const LOOK_EVERY_MS = 20
const host = '127.0.0.1'

export interface OpenClient {
  readonly client: RedisClient
  readonly end: () => unknown
}

/** With the options that the store asks for; nobody waits for the connection. */
export const openClients: Record<'node-redis' | 'ioredis', (port: number) => OpenClient> = {
  'node-redis'(port) {
    const client = createClient({
      socket: { host, port, reconnectStrategy: 50 },
      disableOfflineQueue: true,
    })
    client.on('error', () => undefined)
    const connecting = client.connect().catch(() => undefined)
    const end = async (): Promise<void> => {
      if (client.isOpen) client.destroy()
      await connecting
    }
    return { client, end }
  },
  ioredis(port) {
    const client = new Redis({
      host,
      port,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      enableAutoPipelining: true,
      retryStrategy: () => 50,
    })
    client.on('error', () => undefined)
    return { client, end: () => client.disconnect() }
  },
}

/** Two stores on the same empty part of a server, as in two processes. */
export function twoStores(
  client: RedisClient,
  otherClient: RedisClient,
  now: () => number,
): StoreUnderTest {
  const prefix = `${newId()}:`
  const store = redis(client, { prefix, now })
  const other = redis(otherClient, { prefix, now })
  return {
    store,
    other,
    async close() {
      await store.close?.()
      await other.close?.()
    },
  }
}

/** Waits for what comes by itself; the runner's time limit is the only one. */
export async function until(condition: () => unknown): Promise<void> {
  while (!(await condition())) await sleep(LOOK_EVERY_MS)
}
