// What the stores in SQL servers do when the network fails.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import postgresJs from 'postgres'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import type { SqlStore } from '../../src/stores/sql-store.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { type Fault, FaultProxy } from '../support/fault-proxy.ts'
import * as servers from '../support/servers.ts'
import { mysqlPool, newTable, pgPool } from '../support/sql-clients.ts'
import {
  isFailure,
  lasting,
  outcome,
  prepareVerbs,
  untilItAnswers,
} from '../support/store-faults.ts'

const TIMEOUT_MS = 400
const POOL = 4

interface Client {
  open(table: string): SqlStore
  end(): Promise<unknown>
}

const clients = {
  pg: {
    server: servers.postgres,
    connect: (port: number): Client => {
      const pool = pgPool(port, { max: POOL, connectionTimeoutMillis: TIMEOUT_MS })
      const open = (table: string) => postgres(pool, { table, timeout: TIMEOUT_MS })
      return { open, end: () => pool.end() }
    },
  },
  'postgres.js': {
    server: servers.postgres,
    connect: (port: number): Client => {
      const sql = postgresJs({
        host: '127.0.0.1',
        port,
        user: 'postgres',
        max: POOL,
        connect_timeout: 1,
        backoff: () => 0.1,
        onnotice: () => {},
      })
      const open = (table: string) => postgres(sql, { table, timeout: TIMEOUT_MS })
      return { open, end: () => sql.end({ timeout: 1 }) }
    },
  },
  mysql2: {
    server: servers.mariadb,
    connect: (port: number): Client => {
      const pool = mysqlPool(port, { connectionLimit: POOL, connectTimeout: TIMEOUT_MS })
      const open = (table: string) => mysql(pool, { table, timeout: TIMEOUT_MS })
      return { open, end: () => pool.end() }
    },
  },
}

const GARBAGE = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(20))

interface Case {
  readonly fault: Fault
  /** Whether verbs answer all the same; by chance, where a part of the reply is enough. */
  readonly answers?: true | 'by chance'
  readonly except?: Record<string, string>
}

const faults: Record<string, Case> = {
  'FLT-02 nobody listens any more': { fault: { kind: 'refuse' } },
  'FLT-03 a reset before the request': { fault: { kind: 'reset', at: 'request' } },
  'FLT-03 a reset in the middle of the request': { fault: { kind: 'reset', at: 'half' } },
  'FLT-03 FLT-04 a reset after the request': { fault: { kind: 'reset', at: 'sent' } },
  'FLT-04 a reset before the reply of what was carried out': {
    fault: { kind: 'reset', at: 'reply' },
  },
  'FLT-05 a black hole': { fault: { kind: 'silence' } },
  'FLT-06 a delay within the limit': { fault: { kind: 'delay', ms: 50 }, answers: true },
  'FLT-06 a delay beyond the limit': { fault: { kind: 'delay', ms: 1000 } },
  'FLT-07 a reply that drips': {
    fault: { kind: 'drip', ms: 100 },
    except: { 'postgres.js': 'it ends no connection as long as bytes come' },
  },
  'FLT-08 a reply that is cut': { fault: { kind: 'truncate' }, answers: 'by chance' },
  'FLT-08 garbage in place of a reply': {
    fault: { kind: 'answer', answer: () => GARBAGE },
    except: { 'postgres.js': 'it waits for the rest of what it takes for a message' },
  },
}

for (const [name, { server: kind, connect }] of Object.entries(clients)) {
  describe(`${name} when the network fails`, kind.needed(), () => {
    let server: servers.RunningServer
    let proxy: FaultProxy
    let client: Client
    let store: SqlStore
    before(async () => {
      server = await kind.start()
      proxy = await FaultProxy.start(server.port)
      client = connect(proxy.port)
      store = client.open(newTable())
      await store.setUp()
    })
    after(async () => {
      await client.end()
      await proxy.stop()
      await server.stop()
    })

    for (const [title, { fault, answers, except }] of Object.entries(faults)) {
      test(title, { skip: except?.[name] ?? false }, async () => {
        const useAll = await prepareVerbs(store)
        const hits = proxy.hits
        await proxy.fail(fault)
        const outcomes = await useAll()
        await proxy.heal()
        await untilItAnswers(store)
        for (const { name: verb, answer, check } of outcomes) {
          if (answers !== 'by chance') assert.equal(isFailure(answer), answers === undefined, verb)
          await check()
        }
        assert.ok(fault.kind === 'refuse' || proxy.hits > hits)
      })
    }

    test('FLT-01 a server that comes later is used then', async () => {
      await proxy.fail({ kind: 'refuse' })
      const late = connect(proxy.port)
      const lateStore = late.open(newTable())
      assert.ok(isFailure(await outcome(() => lateStore.read(newId()))))
      await proxy.heal()
      await untilItAnswers(store)
      await lateStore.setUp()
      assert.equal(await lateStore.create(newId(), lasting()), true)
      await late.end()
    })

    test('FLT-18 half of the connections are dead, and replaced', async () => {
      const ids = Array.from({ length: POOL * 4 }, newId)
      await Promise.all(ids.map(async (id) => store.create(id, lasting())))
      for (const connection of [...proxy.connections].slice(0, POOL / 2)) {
        connection.fault = { kind: 'silence' }
      }
      const during = await Promise.all(ids.map((id) => outcome(() => store.read(id))))
      assert.ok(during.some((answer) => !isFailure(answer)))
      await untilItAnswers(store)
      for (const connection of proxy.connections) connection.heal()
      await untilItAnswers(store)
    })

    test('FLT-19 a thousand calls that wait for the server come through by the pool alone', async () => {
      const id = newId()
      const record = lasting()
      await store.create(id, record)
      await proxy.fail({ kind: 'delay', ms: 100 })
      const waiting = Array.from({ length: 1000 }, () => outcome(() => store.read(id)))
      await proxy.heal()
      const answers = await Promise.all(waiting)
      for (const answer of answers) if (!isFailure(answer)) assert.deepEqual(answer, record)
      // Those of the faults before may still be closing.
      for (let looks = 0; proxy.connections.size > POOL && looks < 500; looks++) await sleep(10)
      assert.ok(proxy.connections.size <= POOL)
      await untilItAnswers(store)
    })

    test('FLT-22 an event loop that stood still expires nothing that was answered', async () => {
      const direct = connect(server.port)
      const directStore = direct.open(newTable())
      await directStore.setUp()
      const [id, record] = [newId(), lasting()]
      await directStore.create(id, record)
      await directStore.read(id)
      const reading = directStore.read(id)
      await new Promise((resolve) => setImmediate(resolve))
      const until = performance.now() + TIMEOUT_MS + 200
      while (performance.now() < until);
      assert.deepEqual(await reading, record)
      await direct.end()
    })
  })
}
