// What is heard of changes by NOTIFY, and what is told when nothing can be heard.
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import postgresJs from 'postgres'
import type { StoreChange } from '../../src/session/record.ts'
import { type PostgresClient, postgres } from '../../src/stores/postgres.ts'
import type { SqlStore } from '../../src/stores/sql/store.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import * as servers from '../support/servers.ts'
import { newTable, type Pool, pgPool } from '../support/sql-clients.ts'
import { lasting } from '../support/store-faults.ts'

const PATIENCE_MS = 20_000
const MOST_TRIES = 400

describe('PostgreSQL tells of changes', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let proxy: FaultProxy
  let admin: Pool
  before(async () => {
    server = await servers.postgres.start()
    proxy = await FaultProxy.start(server.port)
    admin = pgPool(server.port)
  })
  after(async () => {
    await admin.end()
    await proxy.stop()
    await server.stop()
  })

  const clients: Record<string, () => { client: PostgresClient; end: () => unknown }> = {
    pg: () => {
      const pool = pgPool(proxy.port, { connectionTimeoutMillis: 1000 })
      return { client: pool, end: () => pool.end() }
    },
    'postgres.js': () => {
      const sql = postgresJs({
        host: '127.0.0.1',
        port: proxy.port,
        user: 'postgres',
        connect_timeout: 1,
        backoff: () => 0.1,
        onnotice: () => {},
      })
      return { client: sql, end: () => sql.end({ timeout: 1 }) }
    },
  }
  /** A store that listens through the proxy, and one that writes past it. */
  const listen = async (context: TestContext, name: string) => {
    const table = newTable()
    const { client, end } = clients[name]!()
    const [listening, writing] = [postgres(client, { table }), postgres(admin, { table })]
    await writing.setUp()
    const heard: StoreChange[] = []
    listening.changes!((change) => heard.push(change))
    context.after(async () => {
      await proxy.heal()
      await listening.close()
      await end()
    })
    await until(() => heard.some(({ kind }) => kind === 'gap'), 'the beginning is a gap')
    heard.length = 0
    return { heard, writing }
  }
  const hearsAgain = async (writing: SqlStore, heard: StoreChange[]): Promise<void> => {
    const handles = new Set<string>()
    const isHeard = (): boolean =>
      heard.some((change) => change.kind === 'session' && handles.has(change.handle))
    for (let tries = 0; !isHeard(); tries++) {
      assert.ok(tries < MOST_TRIES, 'a change is heard')
      const id = newId()
      await writing.create(id, lasting())
      await writing.end(id)
      handles.add(writing.handle(id))
      await sleep(50)
    }
  }

  for (const name of Object.keys(clients)) {
    test(`R13 ${name}: silence on the way is a gap, and then changes are heard again`, async (context) => {
      const { heard, writing } = await listen(context, name)
      await hearsAgain(writing, heard)
      heard.length = 0
      await proxy.fail({ kind: 'silence' })
      await until(() => heard.length > 1, 'a gap is told, and told again')
      await proxy.heal()
      heard.length = 0
      await until(() => heard.length > 0, 'what was missed is a gap')
      assert.ok(heard.every(({ kind }) => kind === 'gap'))
      await hearsAgain(writing, heard)
    })

    test(`R13 ${name}: a connection that breaks is a gap, and another one hears`, async (context) => {
      const { heard, writing } = await listen(context, name)
      const others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`)
      await until(() => heard.some(({ kind }) => kind === 'gap'), 'a gap is told')
      await hearsAgain(writing, heard)
    })

    test(`R13 ${name}: a server that is away for a while is heard when it is back`, async (context) => {
      const { heard, writing } = await listen(context, name)
      await proxy.fail({ kind: 'refuse' })
      await until(() => heard.length > 1, 'a gap is told, and told again')
      await proxy.heal()
      await hearsAgain(writing, heard)
    })
  }

  test('R13 without notify nothing is told, and the guarantees say so', async () => {
    const store = postgres(admin, { table: newTable(), notify: false })
    assert.equal(store.changes, undefined)
    assert.equal(store.guarantees.hearsChanges, false)
    await store.setUp()
    const id = newId()
    await store.create(id, lasting())
    assert.equal(await store.end(id), 'ok')
    await store.revokeUser('ada', { before: 0, except: [], expires: 4e12 })
    await store.revocations.add('x', 4e12)
    assert.equal((await store.revocations.since(0)).entries.length, 1)
  })

  test('R13 whoever stopped listening gives the connection back', async () => {
    const pool = pgPool(server.port, { max: 1 })
    const store = postgres(pool, { table: newTable(), timeout: 10_000 })
    await store.setUp()
    const heard: StoreChange[] = []
    const stop = store.changes!((change) => heard.push(change))
    await until(() => heard.length > 0, 'it has begun')
    await stop()
    assert.equal(await store.read(newId()), undefined)
    await pool.end()
  })
})

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!condition()) {
    assert.ok(performance.now() < deadline, what)
    await sleep(20)
  }
}
