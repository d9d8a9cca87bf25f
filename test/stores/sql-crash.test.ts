// What the servers keep of what was acknowledged, when they are killed under way.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ENDED } from '../../src/session/record.ts'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import type { SqlStore } from '../../src/stores/sql/store.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { newId, newVersion } from '../../src/testing/store-bench.ts'
import * as servers from '../support/servers.ts'
import { mysqlPool, newTable, pgPool } from '../support/sql-clients.ts'
import { isFailure, lasting, outcome, untilItAnswers } from '../support/store-faults.ts'

const CYCLES = Number(process.env['CRASH_CYCLES'] ?? 3)
const WRITERS = 8
const HOUR = 3_600_000

interface Client {
  readonly store: SqlStore
  end(): Promise<void>
}

describe('PostgreSQL', servers.postgres.needed(), () => {
  testCrashes(servers.postgres, (port) => {
    const pool = pgPool(port, { connectionTimeoutMillis: 2000 })
    return { store: postgres(pool, { table: newTable() }), end: () => pool.end() }
  })
})

describe('MariaDB', servers.mariadb.needed(), () => {
  testCrashes(servers.mariadb, (port) => {
    const pool = mysqlPool(port, { connectTimeout: 2000 })
    return { store: mysql(pool, { table: newTable() }), end: () => pool.end() }
  })
})

/** The last write of a session that was acknowledged, and the one that may have been under way. */
interface Written {
  readonly id: string
  version: string
  acknowledged: 'nothing' | 'created' | 'ended'
  trying: string | undefined
}

function testCrashes(kind: servers.ServerKind, connect: (port: number) => Client): void {
  let server: servers.RunningServer
  let client: Client
  before(async () => {
    server = await kind.start()
    client = connect(server.port)
    await client.store.setUp()
  })
  after(async () => {
    await client.end()
    await server.stop()
  })

  test(`CRS-04 what was acknowledged before kill -9 of the server is there, ${CYCLES} times`, async () => {
    const { store } = client
    const random = seededRandom(1)
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const all: Written[] = []
      let writes = 0
      const crashAt = 50 + random(200)
      let crashing: Promise<void> | undefined
      const acknowledge = (): void => {
        if (++writes === crashAt) crashing = server.crash()
      }
      const writers = Array.from({ length: WRITERS }, () =>
        writeUntilItFails(store, all, acknowledge),
      )
      await Promise.all(writers)
      await crashing
      assert.ok(writes >= crashAt)
      await server.restart()
      await untilItAnswers(store)
      for (const written of all) await check(store, written)
    }
  })

  test('CRS-04 a revocation and a mark that were acknowledged are there after kill -9', async () => {
    const { store } = client
    const id = newId()
    await store.create(id, lasting())
    await store.revokeUser('ada', { before: Date.now() + HOUR, except: [], expires: 4e12 })
    const page = await store.revocations.since(0)
    await store.revocations.add('burned', 4e12)
    await server.crash()
    assert.ok(isFailure(await outcome(() => store.read(id))))
    await server.restart()
    await untilItAnswers(store)
    assert.equal(await store.read(id), ENDED)
    const { generation, entries } = await store.revocations.since(0)
    assert.equal(generation, page.generation)
    assert.deepEqual(
      entries.map(({ text }) => text),
      ['burned'],
    )
  })
}

async function writeUntilItFails(
  store: SqlStore,
  all: Written[],
  acknowledge: () => void,
): Promise<void> {
  for (let n = 0; ; n++) {
    const written: Written = {
      id: newId(),
      version: '',
      acknowledged: 'nothing',
      trying: undefined,
    }
    all.push(written)
    const write = async (version: string, verb: () => unknown): Promise<boolean> => {
      written.trying = version
      if (isFailure(await outcome(verb))) return false
      written.version = version
      written.trying = undefined
      acknowledge()
      return true
    }
    const [first, second] = [newVersion(), newVersion()]
    if (!(await write(first, () => store.create(written.id, lasting({ version: first }))))) return
    written.acknowledged = 'created'
    const next = lasting({ version: second })
    if (!(await write(second, () => store.update(written.id, next, first)))) return
    if (n % 2 === 0) continue
    if (!(await write(ENDED, () => store.end(written.id)))) return
    written.acknowledged = 'ended'
  }
}

async function check(store: SqlStore, written: Written): Promise<void> {
  const read = await store.read(written.id)
  const found = typeof read === 'object' ? read.version : read
  if (written.acknowledged === 'ended') return assert.equal(found, ENDED)
  const known = written.acknowledged === 'created' ? written.version : undefined
  assert.ok(found === known || (found !== undefined && found === written.trying))
}
