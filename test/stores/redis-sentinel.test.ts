// The store in Redis with a master, a replica, and Sentinel, which lets the replica take over.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'
import {
  ENDED,
  type RevocationPage,
  type SessionRecord,
  type Store,
  type StoreChange,
} from '../../src/session/record.ts'
import { redis, type RedisClient } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { markAt } from '../../src/testing/store-marks.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import {
  command,
  type RedisWithSentinel,
  SENTINEL_NAME,
  startWithSentinel,
  untilSays,
} from '../support/redis-servers.ts'
import { twoStores, until } from '../support/redis-stores.ts'
import { LOOPBACK as host, redis as server } from '../support/servers.ts'
import { amounts } from '../support/store-amounts.ts'
import { lasting, outcome, untilItAnswers } from '../support/store-faults.ts'

interface Open {
  readonly client: RedisClient
  readonly end: () => unknown
}

const clients: Record<string, (port: number) => Promise<Open>> = {
  async 'node-redis'(port) {
    const client = createSentinel({
      name: SENTINEL_NAME,
      sentinelRootNodes: [{ host, port }],
      nodeClientOptions: { disableOfflineQueue: true },
    })
    client.on('error', () => undefined)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
  async ioredis(port) {
    const client = new Redis({
      name: SENTINEL_NAME,
      sentinels: [{ host, port }],
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
      retryStrategy: () => 50,
      sentinelRetryStrategy: () => 50,
    })
    client.on('error', () => undefined)
    await client.connect()
    return { client, end: () => client.disconnect() }
  },
}

for (const [name, open] of Object.entries(clients)) {
  describe(`Redis with Sentinel by ${name}`, server.needed(), () => {
    let servers: RedisWithSentinel
    let opened: Open
    before(async () => {
      servers = await startWithSentinel()
      opened = await open(servers.sentinel.port)
    })
    after(async () => {
      await opened.end()
      await servers.stop()
    })

    testStore('redis()', ({ now }) => twoStores(opened.client, opened.client, now), {
      ...amounts(1 / 2),
      without: ['sweep'],
    })
  })

  describe(`a fail-over, by ${name}`, server.needed(), () => {
    let servers: RedisWithSentinel
    let way: FaultProxy
    let opened: Open
    let store: Store

    beforeEach(async () => {
      servers = await startWithSentinel()
      way = await FaultProxy.start(servers.master.port)
      opened = await open(servers.sentinel.port)
      store = redis(opened.client, { timeout: 1000 })
      await untilItAnswers(store)
    })
    afterEach(async () => {
      await store.close?.()
      await opened.end()
      await way.stop()
      await servers.stop()
    })

    /** From now on the replica hears nothing of its master. */
    const cutOff = async (): Promise<void> => {
      const { replica } = servers
      await command(replica.port, 'REPLICAOF', host, String(way.port))
      await untilSays(replica.port, ['INFO', 'replication'], /master_link_status:up/)
      await way.fail({ kind: 'silence' })
    }
    const failOver = async (): Promise<void> => {
      await servers.master.stop()
      await untilSays(servers.replica.port, ['ROLE'], /^\["master"/)
      await until(async () => typeof (await outcome(() => store.read('x'))) !== 'string')
    }

    // Sentinel may set its clients right once more after the first answer.
    const untilEnded = (id: string): Promise<void> =>
      until(async () => (await outcome(() => store.read(id))) === ENDED)

    test('FLT-10 removals that the new master has not heard of are done again', async () => {
      const [ended, byHandle, alive, revoked] = [newId(), newId(), newId(), newId()]
      const records = [ended, byHandle, alive].map((id) => [id, lasting({ userId: undefined })])
      for (const [id, record] of records) await store.create(id as string, record as SessionRecord)
      const theirs = lasting({ created: Date.now() - 1 })
      await store.create(revoked, theirs)
      await store.revocations!.add('heard', theirs.expires)
      const heard = await store.revocations!.since(0)

      await cutOff()
      assert.equal(await store.end(ended), 'ok')
      assert.equal(await store.endHandle!(store.handle!(byHandle)), true)
      await store.revokeUser!('ada', markAt({ now: Date.now }))
      await store.revocations!.add('not heard', theirs.expires)
      await failOver()
      await untilEnded(ended)
      await untilEnded(byHandle)
      await untilEnded(revoked)
      await until(async () => typeof (await outcome(() => store.read(alive))) === 'object')
      const since = async () => store.revocations!.since(0)
      await until(async () => ((await outcome(since)) as RevocationPage).entries?.length === 2)
      const { generation, entries } = await since()
      assert.deepEqual(
        entries.map(({ text }) => text),
        ['heard', 'not heard'],
      )
      assert.notEqual(generation, heard.generation)
    })

    test('R13 a fail-over is told as a gap, and what changes then is heard', async () => {
      const changes: StoreChange[] = []
      const stop = store.changes!((change) => changes.push(change))
      const hears = (kind: StoreChange['kind']) => changes.some((change) => change.kind === kind)
      const end = async (): Promise<void> => {
        const id = newId()
        await store.create(id, lasting())
        await store.end(id)
      }
      await until(async () => (await outcome(end), hears('session')))
      changes.length = 0
      await failOver()
      await until(() => hears('gap'))
      await until(async () => (await outcome(end), hears('session')))
      await stop()
    })
  })
}
