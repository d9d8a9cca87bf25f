import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { Store } from '../../src/session/record.ts'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { redis } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { living } from '../../src/testing/store-races.ts'
import { openClients } from '../support/redis-stores.ts'
import * as servers from '../support/servers.ts'
import { mysqlPool, newTable, pgPool } from '../support/sql-clients.ts'
import { amounts } from '../support/store-amounts.ts'
import { lasting, untilItAnswers } from '../support/store-faults.ts'
import type { StorePlace } from '../support/store-places.ts'
import { StoreProcess } from '../support/store-process.ts'

const PROCESSES = 8
/** By each writer of each process. */
const CHANGES = amounts(5).increments

describe('PostgreSQL', servers.postgres.needed(), () => {
  testProcesses('postgres', servers.postgres, (port) => {
    const pool = pgPool(port)
    return { open: (table) => postgres(pool, { table }), end: () => pool.end() }
  })
})

describe('Redis', servers.redis.needed(), () => {
  testProcesses('redis', servers.redis, (port) => {
    const { client, end } = openClients['node-redis'](port)
    return { open: (prefix) => redis(client, { prefix }), end }
  })
})

describe('MariaDB', servers.mariadb.needed(), () => {
  testProcesses('mysql', servers.mariadb, (port) => {
    const pool = mysqlPool(port)
    return { open: (table) => mysql(pool, { table }), end: () => pool.end() }
  })
})

type SharedStore = Store & Required<Pick<Store, 'revocations'>> & { setUp?(): Promise<void> }

interface Client {
  readonly open: (name: string) => SharedStore
  readonly end: () => unknown
}

function testProcesses(
  kind: 'postgres' | 'mysql' | 'redis',
  serverKind: servers.ServerKind,
  connect: (port: number) => Client,
): void {
  let server: servers.RunningServer
  let client: Client
  let processes: StoreProcess[]
  const started: (() => unknown)[] = []
  before(async () => {
    server = await serverKind.start()
    client = connect(server.port)
    const context = { after: (end: () => unknown) => started.push(end) } as Pick<
      TestContext,
      'after'
    >
    processes = Array.from({ length: PROCESSES }, () => new StoreProcess(context))
  })
  after(async () => {
    for (const end of started) await end()
    await client.end()
    await server.stop()
  })

  const share = async (): Promise<{ place: StorePlace; store: SharedStore }> => {
    const name = newTable()
    const store = client.open(name)
    await store.setUp?.()
    await untilItAnswers(store)
    return { place: { server: kind, port: server.port, name }, store }
  }
  const all = <T>(run: (each: StoreProcess, n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(processes.map(run))

  test('RAC-09 8 processes of 4 writers of one session lose no increment', async () => {
    const { place, store } = await share()
    const id = newId()
    await store.create(id, lasting({ data: '{"count":0}' }))
    await all((each) => each.run('increment', place, Array(4).fill(id), 10))
    assert.deepEqual(JSON.parse((await living(store, id)).data), { count: PROCESSES * 4 * 10 })
  })

  test('RAC-09 8 processes of 64 writers who change 64 sessions lose no change', async () => {
    const { place, store } = await share()
    const ids = Array.from({ length: 64 }, newId)
    for (const id of ids) await store.create(id, lasting({ data: '{"count":0}' }))
    await all((each) => each.run('increment', place, ids, CHANGES))
    for (const id of ids) {
      assert.deepEqual(JSON.parse((await living(store, id)).data), { count: PROCESSES * CHANGES })
    }
  })

  test('RAC-10 8 processes that add properties lose none', async () => {
    const { place, store } = await share()
    const id = newId()
    await store.create(id, lasting({ data: '{}' }))
    const names = processes.map((_, n) => Array.from({ length: 8 }, (__, m) => `from ${n}: ${m}`))
    await all((each, n) => each.run('addNames', place, id, names[n]!))
    const stored = Object.keys(JSON.parse((await living(store, id)).data))
    assert.deepEqual(stored.toSorted(), names.flat().toSorted())
  })

  test('RAC-01 RAC-04 no session survives a logout against 8 processes that write', async () => {
    const { place, store } = await share()
    const ids = Array.from({ length: 200 }, newId)
    for (const id of ids) await store.create(id, lasting())
    const writing = all((each) => each.run('writeUntilGone', place, ids))
    for (const id of ids) {
      assert.equal(await store.end(id), 'ok')
      assert.equal(await store.read(id), 'ended')
    }
    await writing
    for (const id of ids) assert.equal(await store.read(id), 'ended')
  })

  test('R32 of 8 processes that add entries, whoever reads on misses none', async () => {
    const { place, store } = await share()
    let done = false
    const adding = all((each, n) => each.run('addRevocations', place, `from ${n}:`, 25))
    void adding.finally(() => (done = true))
    const seen: string[] = []
    for (let [last, finished] = [0, false]; !finished;) {
      finished = done
      for (const { number, text } of (await store.revocations.since(last)).entries) {
        assert.equal(number, last + 1)
        last = number
        seen.push(text)
      }
    }
    await adding
    assert.equal(new Set(seen).size, PROCESSES * 25)
  })

  // Redis has no tables, and removes what has expired by itself.
  if (kind === 'redis') return

  test('STO-21 8 processes that make the tables at once make them once', async () => {
    for (let round = 0; round < 5; round++) {
      const name = newTable()
      await all((each) => each.run('setUp', { server: kind, port: server.port, name }))
      const { generation, entries } = await client.open(name).revocations.since(0)
      assert.match(generation, /^[\w-]{36}$/)
      assert.deepEqual(entries, [])
    }
  })

  test('STO-12 8 processes that sweep at once remove every row once', async () => {
    const { place, store } = await share()
    const alive = newId()
    await store.create(alive, lasting())
    // Not so many that the store begins to sweep by itself.
    for (let made = 0; made < 90; made++) await store.create(newId(), lasting({ expires: 1 }))
    const removed = await all((each) => each.run('sweep', place))
    assert.equal(
      removed.reduce((some, more) => some + more),
      90,
    )
    await living(store, alive)
  })
}
