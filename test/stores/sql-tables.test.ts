// What the stores in SQL servers keep in their tables, and how they find it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Pool as MysqlPool } from 'mysql2/promise'
import type { SessionRecord } from '../../src/session/record.ts'
import { mysql } from '../../src/stores/mysql.ts'
import { mysqlStatements } from '../../src/stores/mysql/statements.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { postgresStatements } from '../../src/stores/postgres/statements.ts'
import { type Statement, tablesOf, type Verb } from '../../src/stores/sql/statements.ts'
import type { SqlOptions, SqlStore } from '../../src/stores/sql/store.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import * as servers from '../support/servers.ts'
import { mysqlPool, newTable, type Pool, pgPool } from '../support/sql-clients.ts'
import { lasting } from '../support/store-faults.ts'

const ROWS = 20_000
const MD5_OF_7 = '8f14e45fceea167a5a36dedd4bea2543'
const SUFFIXES = ['', '_marks', '_revocations', '_counter']

type Value = string | number | null

/** One kind of server, as the cases below use it. */
interface Database {
  readonly quote: string
  /** Time zones as far from UTC as they are. */
  readonly zones: readonly string[]
  readonly open: (options: SqlOptions) => SqlStore
  readonly query: (sql: string, values?: Value[]) => Promise<Record<string, unknown>[]>
  setZone(zone: string): Promise<void>
  fill(table: string): Promise<void>
  /** How the server would carry a verb out. */
  explain(table: string, verb: Verb, values: Record<string, Value>): Promise<string>
}

describe('PostgreSQL', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let pool: Pool
  before(async () => {
    server = await servers.postgres.start()
    pool = pgPool(server.port, { max: 1 })
    await pool.query('CREATE SCHEMA "Other"')
  })
  after(async () => {
    await pool.end()
    await server.stop()
  })
  const query = async (sql: string, values: Value[] = []) => (await pool.query(sql, values)).rows

  testTables({
    quote: '"',
    zones: ['Etc/GMT-14', 'Etc/GMT+12', 'Europe/Berlin', 'UTC'],
    open: (options) => postgres(pool, options),
    query,
    setZone: async (zone) => void (await query(`SET timezone = '${zone}'`)),
    async fill(table) {
      await query(`INSERT INTO ${table}
        SELECT md5(n::text), 'v', 'user ' || n / 4, '{}', '{}', 0, 4e12 + n, NULL
        FROM generate_series(1, ${ROWS}) AS n`)
      await query(`ANALYZE ${table}`)
    },
    async explain(table, verb, values) {
      const statement = postgresStatements(tablesOf(table, '"'), undefined)[verb]
      // Without the values, as the server plans a statement that it has prepared.
      await query('SET plan_cache_mode = force_generic_plan')
      await query(`PREPARE explained AS ${statement.text}`)
      const given = inOrder(statement, values).map((value) =>
        value === null ? 'NULL' : `'${value}'`,
      )
      const rows = await query(`EXPLAIN EXECUTE explained (${given.join()})`)
      await query('DEALLOCATE explained')
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    },
  })

  test('a table of another schema, whose name is upper case', async () => {
    const store = postgres(pool, { table: 'Other.Sessions' })
    await store.setUp()
    assert.equal(await store.create(newId(), lasting()), true)
    assert.equal((await query('SELECT id FROM "Other"."Sessions"')).length, 1)
    assert.equal((await query('SELECT * FROM "Other"."Sessions_counter"')).length, 1)
  })
})

describe('MariaDB', servers.mariadb.needed(), () => {
  let server: servers.RunningServer
  let pool: MysqlPool
  before(async () => {
    server = await servers.mariadb.start()
    pool = mysqlPool(server.port, { connectionLimit: 1 })
  })
  after(async () => {
    await pool.end()
    await server.stop()
  })
  const query = async (sql: string, values: Value[] = []) =>
    (await pool.query(sql, values))[0] as Record<string, unknown>[]

  testTables({
    quote: '`',
    zones: ['+13:00', '-12:00', '+00:00'],
    open: (options) => mysql(pool, options),
    query,
    setZone: async (zone) => void (await query(`SET time_zone = '${zone}'`)),
    async fill(table) {
      await query(`INSERT INTO ${table}
        SELECT md5(seq), 'v', concat('user ', seq DIV 4), '{}', '{}', 0, 4e12 + seq, NULL
        FROM seq_1_to_${ROWS}`)
      await query(`ANALYZE TABLE ${table}`)
    },
    async explain(table, verb, values) {
      const statement = mysqlStatements(tablesOf(table, '`'))[verb]
      const rows = await query(`EXPLAIN ${statement.text}`, inOrder(statement, values))
      return rows
        .map(({ type, table: of, key }) => [type, 'of', of, 'by', key].join(' '))
        .join('\n')
    },
  })
})

function inOrder({ values }: Statement, given: Record<string, Value>): Value[] {
  return values.map((name) => given[name] ?? null)
}

function testTables(database: Database): void {
  const { open, query } = database
  const empty = async (options: SqlOptions = {}): Promise<{ store: SqlStore; table: string }> => {
    const table = newTable()
    const store = open({ table, ...options })
    await store.setUp()
    return { store, table }
  }

  test('STO-09 times are those of the server’s clock, whatever its time zone', async () => {
    const { store } = await empty()
    const now = Date.now()
    for (const zone of database.zones) {
      await database.setZone(zone)
      const [id, short, long, ended] = [newId(), newId(), newId(), newId()]
      assert.equal(await store.create(id, lasting()), true)
      await store.create(short, lasting({ expires: now - 5000 }))
      await store.create(long, lasting({ expires: now + 10 * 60_000 }))
      assert.equal(typeof (await store.read(long)), 'object')
      assert.equal(await store.read(short), undefined)
      assert.equal(await store.create(short, lasting()), true, 'the id is free again')
      await store.create(ended, lasting())
      await store.end(ended)
      assert.equal(await store.read(ended), 'ended')
    }
  })

  test('STO-10 a session may last until the year 9999', async () => {
    const { store } = await empty()
    const [id, record] = [newId(), lasting({ expires: Date.UTC(9999, 11, 31) })]
    await store.create(id, record)
    assert.equal(await store.sweep(), 0)
    assert.deepEqual(await store.read(id), record)
  })

  test('STO-13 reads, lists, sweeps and marks are found by an index', async () => {
    const { table } = await empty()
    await database.fill(table)
    const values = { id: MD5_OF_7, userId: 'user 7', after: 0 }
    const verbs = ['read', 'ofUser', 'update', 'touch', 'end', 'endCovered', 'sweepSessions']
    for (const verb of verbs as Verb[]) {
      const plan = await database.explain(table, verb, values)
      assert.doesNotMatch(
        plan,
        new RegExp(`Seq Scan on "?${table}|ALL of (session|${table})`),
        verb,
      )
      assert.match(plan, /ndex|const|range|ref/i, verb)
    }
    assert.match(await database.explain(table, 'ofUser', values), /user_id/)
    assert.match(await database.explain(table, 'sweepSessions', values), /expires/)
  })

  test('STO-15 nothing in the tables opens a session', async () => {
    const { store, table } = await empty()
    const id = newId()
    await store.create(id, lasting())
    await store.create(newId(), lasting())
    await store.revokeUser('ada', { before: 0, except: [store.handle(id)], expires: 4e12 })
    await store.revocations.add('entry', 4e12)
    const dump = await Promise.all(
      SUFFIXES.map((suffix) => query(`SELECT * FROM ${table}${suffix}`)),
    )
    const text = JSON.stringify(dump, (_, value: unknown) =>
      (value as { type?: unknown })?.type === 'Buffer'
        ? Buffer.from(value as never).toString()
        : value,
    )
    assert.ok(text.includes(store.handle(id)))
    assert.ok(!text.includes(id))
    assert.equal(await store.read(store.handle(id)), undefined)
  })

  test('STO-16 a row that the store cannot have written is no session', async () => {
    const { store, table } = await empty()
    for (const column of ['created', 'expires']) {
      const id = newId()
      await store.create(id, lasting())
      await query(`UPDATE ${table} SET ${column} = 9223372036854775807`)
      assert.equal(await store.read(id), undefined)
      assert.deepEqual(await store.ofUser('ada'), [])
    }
  })

  test('STO-21 setUp may run again, and schema is what it runs', async () => {
    const table = newTable()
    const store = open({ table })
    for (const sql of store.schema.split(/;\n/)) await query(sql)
    await store.create(newId(), lasting())
    const { generation } = await store.revocations.since(0)
    await store.setUp()
    assert.equal((await store.ofUser('ada')).length, 1)
    assert.equal((await store.revocations.since(0)).generation, generation)
    assert.ok(store.schema.includes(`${database.quote}${table}${database.quote}`))
  })

  test('a store whose tables are missing says how to make them', async () => {
    const store = open({ table: newTable() })
    const error = { code: 'store_unavailable', message: /await setUp\(\)/ }
    await assert.rejects(async () => store.read(newId()), error)
  })

  test('names that are no names are refused', () => {
    const bad = ['', 'a b', 'a;b', 'a"b', 'a`b', 'a.b.c', '1a', 'ü', 'x'.repeat(41), 7 as never]
    for (const table of bad) assert.throws(() => open({ table }), { code: 'invalid_option' })
    assert.throws(() => open({ timeout: 'soon' as never }), { code: 'invalid_option' })
  })

  test('a session of a user whose mark covers it has ended, whichever was written first', async () => {
    const clock = new Clock()
    const { store, table } = await empty({ now: clock.now })
    const ids = [newId(), newId()]
    const records: SessionRecord[] = ids.map(() => recordAt(clock))
    await store.create(ids[0]!, records[0]!)
    // As if it had been committed a moment after the mark, by a request that began before.
    await store.create(ids[1]!, records[1]!)
    await store.revokeUser('ada', { before: clock.now(), except: [], expires: 4e12 })
    const alive = `ended = NULL, user_id = 'ada', version = 'v', expires = ${clock.now() + 1000}`
    await query(`UPDATE ${table} SET ${alive}`)
    for (const id of ids) {
      assert.equal(await store.read(id), 'ended')
      assert.equal(await store.update(id, recordAt(clock), 'v'), 'gone')
      assert.equal(await store.touch(id, 4e12), false)
      assert.equal(await store.end(id), 'gone')
      assert.equal(await store.endHandle(store.handle(id)), false)
    }
    assert.deepEqual(await store.ofUser('ada'), [])
  })
}
