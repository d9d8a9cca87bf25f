// What MariaDB says when something is wrong with it, and that nothing is lost.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type { Pool } from 'mysql2/promise'
import { type MysqlOptions, type MysqlPool, mysql } from '../../src/stores/mysql.ts'
import type { SqlStore } from '../../src/stores/sql/store.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { newId, newVersion } from '../../src/testing/store-bench.ts'
import { change, living } from '../../src/testing/store-races.ts'
import * as servers from '../support/servers.ts'
import { mysqlPool, newTable } from '../support/sql-clients.ts'
import {
  isFailure,
  lasting,
  outcome,
  prepareVerbs,
  untilItAnswers,
} from '../support/store-faults.ts'

const UNAVAILABLE = { name: 'SessionError', code: 'store_unavailable' }
const TIMED_OUT = { name: 'SessionError', code: 'store_timeout' }

describe('MariaDB when something is wrong with it', servers.mariadb.needed(), () => {
  let server: servers.RunningServer
  let admin: Pool
  let pool: Pool
  let store: SqlStore
  let table: string
  const open = (options: MysqlOptions = {}): SqlStore => mysql(pool, { table, ...options })
  /** For new connections: the pool gets others. */
  const set = async (setting: string): Promise<void> => {
    await admin.query(`SET GLOBAL ${setting}`)
    await kill()
  }
  const kill = async (): Promise<void> => {
    const [rows] = await admin.query(
      "SELECT id FROM information_schema.processlist WHERE user = 'app'",
    )
    for (const { id } of rows as { id: number }[]) {
      await admin.query(`KILL ${id}`).catch(() => undefined)
    }
  }
  before(async () => {
    server = await servers.mariadb.start()
    admin = mysqlPool(server.port)
    await admin.query("CREATE USER app@'127.0.0.1'")
    await admin.query("GRANT ALL ON test.* TO app@'127.0.0.1'")
    pool = mysqlPool(server.port, { user: 'app', connectTimeout: 4000 })
    table = newTable()
    store = open()
    await store.setUp()
  })
  afterEach(async () => {
    for (const setting of ['read_only = 0', 'innodb_lock_wait_timeout = 50']) await set(setting)
    await set("tx_isolation = 'REPEATABLE-READ'")
    await untilAllAnswer()
  })
  after(async () => {
    await Promise.all([pool.end(), admin.end()])
    await server.stop()
  })
  /** All connections of the pool, of which some may not have noticed that they have ended. */
  const untilAllAnswer = () => Promise.all(Array.from({ length: 30 }, () => untilItAnswers(store)))

  test('FLT-13 connections that are killed are replaced', async () => {
    for (let round = 0; round < 10; round++) {
      const useAll = await prepareVerbs(store)
      const [outcomes] = await Promise.all([useAll(), kill()])
      await untilAllAnswer()
      for (const { check } of outcomes) await check()
    }
  })

  test('FLT-13 connections that the server has closed while they were idle are replaced', async () => {
    const useAll = await prepareVerbs(store)
    await kill()
    const outcomes = await useAll()
    await untilAllAnswer()
    for (const { check } of outcomes) await check()
  })

  test('FLT-12 a database that may only be read is read', async () => {
    const useAll = await prepareVerbs(store)
    await set('read_only = 1')
    await untilAllAnswer()
    const outcomes = await useAll()
    for (const { name, answer } of outcomes) assert.equal(isFailure(answer), name !== 'read', name)
    await assert.rejects(async () => store.sweep(), UNAVAILABLE)
    await set('read_only = 0')
    await untilAllAnswer()
    for (const { check } of outcomes) await check()
  })

  const whileLocked = async (
    use: (id: string, record: ReturnType<typeof lasting>) => Promise<void>,
  ): Promise<void> => {
    const [id, record] = [newId(), lasting()]
    await store.create(id, record)
    const holder = await admin.getConnection()
    await holder.query('START TRANSACTION')
    await holder.query(`SELECT id FROM ${table} WHERE id = ? FOR UPDATE`, [store.handle(id)])
    try {
      await use(id, record)
    } finally {
      await holder.query('ROLLBACK')
      holder.release()
    }
  }

  test('FLT-13 a lock held for longer than innodb_lock_wait_timeout is store_timeout', async () => {
    await set('innodb_lock_wait_timeout = 0')
    await untilAllAnswer()
    await whileLocked(async (id, record) => {
      await assert.rejects(async () => store.update(id, record, record.version), TIMED_OUT)
      await assert.rejects(async () => store.end(id), TIMED_OUT)
      assert.deepEqual(await store.read(id), record)
    })
  })

  test('FLT-05 a lock held for longer than the limit is store_timeout', async () => {
    const hasty = open({ timeout: 100 })
    await whileLocked(async (id, record) => {
      const next = { ...record, version: newVersion() }
      await assert.rejects(async () => hasty.update(id, next, record.version), TIMED_OUT)
      assert.deepEqual(await store.read(id), record)
    })
  })

  test('FLT-13 more than max_allowed_packet fails that verb alone', async () => {
    const data = JSON.stringify('x'.repeat(20 * 2 ** 20))
    const [id, record] = [newId(), lasting()]
    await store.create(id, record)
    await assert.rejects(async () => store.create(newId(), lasting({ data })), UNAVAILABLE)
    const large = async () => store.update(id, lasting({ data }), record.version)
    await assert.rejects(large, UNAVAILABLE)
    assert.deepEqual(await store.read(id), record)
    assert.equal(await store.update(id, lasting(), record.version), 'ok')
  })

  test('STO-22 transactions of the strictest isolation are tried again, and lose nothing', async () => {
    await set("tx_isolation = 'SERIALIZABLE'")
    await untilAllAnswer()
    const id = newId()
    await store.create(id, lasting({ data: '{"count":0}' }))
    const random = seededRandom(1)
    const write = async (): Promise<void> => {
      for (let n = 0; n < 5; n++) {
        await change(store, id, random, ({ count }) => ({ count: Number(count) + 1 }))
      }
    }
    await Promise.all([write(), write(), write(), write()])
    assert.equal((await living(store, id)).data, '{"count":20}')
  })

  for (const errno of [1213, 1205]) {
    test(`STO-22 what failed by ${errno} is tried three times more, and then told`, async () => {
      const failing = (times: number): SqlStore => {
        const getConnection: MysqlPool['getConnection'] = async () => {
          const connection = await pool.getConnection()
          const execute: typeof connection.execute = async (...values: [any]) => {
            if (times-- > 0) throw Object.assign(new Error('injected'), { errno })
            return connection.execute(...values)
          }
          const [release, destroy] = [() => connection.release(), () => connection.destroy()]
          return { execute, query: (sql) => connection.query(sql), release, destroy }
        }
        return mysql({ getConnection }, { table })
      }
      assert.equal(await failing(3).create(newId(), lasting()), true)
      const code = errno === 1205 ? TIMED_OUT : UNAVAILABLE
      await assert.rejects(async () => failing(4).create(newId(), lasting()), code)
    })
  }

  test('STO-22 a deadlock with another program ends for the store', async () => {
    const ids = [newId(), newId()]
    for (const id of ids) await store.create(id, lasting({ userId: 'locked', created: 1 }))
    const handles = ids.map((id) => store.handle(id)).toSorted()
    const holder = await admin.getConnection()
    const touch = (handle: string) =>
      holder.query(`UPDATE ${table} SET expires = expires + 1 WHERE id = ?`, [handle])
    await holder.query('START TRANSACTION')
    await touch(handles[1]!)
    const revoking = store.revokeUser('locked', { before: 1, except: [], expires: 4e12 })
    await touch(handles[0]!).then(
      () => holder.query('COMMIT'),
      () => holder.query('ROLLBACK'),
    )
    holder.release()
    await revoking
    for (const id of ids) assert.equal(await store.read(id), 'ended')
  })

  test('STO-25 FLT-21 a pool without a free connection is store_timeout, and nothing is done later', async () => {
    const small = mysqlPool(server.port, { user: 'app', connectionLimit: 1 })
    const waiting = mysql(small, { table, timeout: 50 })
    const taken = await small.getConnection()
    const id = newId()
    await assert.rejects(async () => waiting.create(id, lasting()), TIMED_OUT)
    const reads = Array.from({ length: 2100 }, () => outcome(() => waiting.read(id)))
    assert.ok((await Promise.all(reads)).includes('store_unavailable'), 'no more wait than 2,000')
    taken.release()
    await untilItAnswers(waiting)
    assert.equal(await waiting.read(id), undefined)
    await small.end()
  })

  test('a pool of callbacks, or none at all, is refused', () => {
    for (const wrong of [undefined, {}, { getConnection: () => {}, promise: () => {} }]) {
      assert.throws(() => mysql(wrong as never), { code: 'invalid_option' })
    }
  })
})
