// What PostgreSQL says when something is wrong with it, and that nothing is lost.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PgPool } from '../../src/stores/postgres/client.ts'
import { type PostgresOptions, postgres } from '../../src/stores/postgres.ts'
import type { SqlStore } from '../../src/stores/sql/store.ts'
import { newId, newVersion } from '../../src/testing/store-bench.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { change, living } from '../../src/testing/store-races.ts'
import * as servers from '../support/servers.ts'
import { connectionOf, newTable, type Pool, pgPool } from '../support/sql-clients.ts'
import {
  isFailure,
  lasting,
  outcome,
  prepareVerbs,
  untilItAnswers,
} from '../support/store-faults.ts'

const UNAVAILABLE = { name: 'SessionError', code: 'store_unavailable' }
const TIMED_OUT = { name: 'SessionError', code: 'store_timeout' }
const NO_MARK = { before: 0, except: [], expires: Date.UTC(9999, 11, 31) }
const smallDisks = { skip: canMount() ? false : 'no small disk can be mounted here' }

describe('PostgreSQL when something is wrong with it', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let admin: Pool
  let pool: Pool
  let store: SqlStore
  let table: string
  const open = (options: PostgresOptions = {}): SqlStore => postgres(pool, { table, ...options })
  /** Holds for new connections: those there are have ended, and been found to have. */
  const alter = async (setting: string): Promise<void> => {
    await admin.query(`ALTER ROLE app ${setting}`)
    await terminate()
    while (pool.totalCount > 0) await sleep(1)
  }
  const terminate = () =>
    admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
  before(async () => {
    server = await servers.postgres.start()
    admin = pgPool(server.port)
    await admin.query('CREATE ROLE app LOGIN')
    await admin.query('GRANT CREATE ON SCHEMA public TO app')
    await admin.query('CREATE SCHEMA "Other" AUTHORIZATION app')
    pool = pgPool(server.port, { user: 'app', connectionTimeoutMillis: 4000 })
    table = newTable()
    store = open()
    await store.setUp()
  })
  afterEach(async () => {
    await alter('RESET ALL')
    await alter('CONNECTION LIMIT -1')
    await untilItAnswers(store)
  })
  after(async () => {
    await Promise.all([pool.end(), admin.end()])
    await server.stop()
  })

  test('FLT-12 connections ended by the administrator are replaced', async () => {
    for (let round = 0; round < 10; round++) {
      const useAll = await prepareVerbs(store)
      const [outcomes] = await Promise.all([useAll(), terminate()])
      // All of them: some may not have noticed yet that they have ended.
      await Promise.all(Array.from({ length: 30 }, () => untilItAnswers(store)))
      for (const { check } of outcomes) await check()
    }
  })

  test('FLT-12 too many clients fail every verb until there is room', async () => {
    const useAll = await prepareVerbs(store)
    await alter('CONNECTION LIMIT 0')
    const outcomes = await useAll()
    await alter('CONNECTION LIMIT -1')
    await untilItAnswers(store)
    for (const { name, answer, check } of outcomes) {
      assert.equal(answer, 'store_unavailable', name)
      await check()
    }
  })

  test('FLT-12 a database that may only be read is read', async () => {
    const useAll = await prepareVerbs(store)
    await alter('SET default_transaction_read_only = on')
    const outcomes = await useAll()
    for (const { name, answer } of outcomes) assert.equal(isFailure(answer), name !== 'read', name)
    await assert.rejects(async () => store.revokeUser('ada', NO_MARK), UNAVAILABLE)
    await assert.rejects(async () => store.sweep(), UNAVAILABLE)
    await alter('RESET ALL')
    for (const { check } of outcomes) await check()
  })

  for (const setting of ['statement_timeout', 'lock_timeout']) {
    test(`FLT-12 a lock held for longer than the server's ${setting} is store_timeout`, async () => {
      await alter(`SET ${setting} = '50ms'`)
      await whileLocked(async (id, record) => {
        await assert.rejects(async () => store.update(id, record, record.version), TIMED_OUT)
        await assert.rejects(async () => store.end(id), TIMED_OUT)
        assert.deepEqual(await store.read(id), record)
      })
    })
  }

  test('FLT-05 a lock held for longer than the limit is store_timeout, and changes nothing later', async () => {
    const hasty = open({ timeout: 100 })
    await whileLocked(async (id, record) => {
      const next = { ...record, version: newVersion() }
      await assert.rejects(async () => hasty.update(id, next, record.version), TIMED_OUT)
      assert.deepEqual(await store.read(id), record)
      await terminate()
    })
  })

  const whileLocked = async (
    use: (id: string, record: ReturnType<typeof lasting>) => Promise<void>,
  ): Promise<void> => {
    const [id, record] = [newId(), lasting()]
    await store.create(id, record)
    const holder = await connectionOf(admin)
    await holder.query({ text: 'BEGIN' })
    await holder.query({
      text: `SELECT FROM ${table} WHERE id = $1 FOR UPDATE`,
      values: [store.handle(id)],
    })
    try {
      await use(id, record)
    } finally {
      await holder.query({ text: 'ROLLBACK' })
      holder.release()
    }
  }

  test('STO-22 transactions of the strictest isolation are tried again, and lose nothing', async () => {
    await alter("SET default_transaction_isolation = 'serializable'")
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

  for (const code of ['40001', '40P01']) {
    test(`STO-22 what failed by ${code} is tried three times more, and then told`, async () => {
      const failing = (times: number): SqlStore => {
        const connect: PgPool['connect'] = (done) =>
          pool.connect((error, connection) => {
            if (!connection) return done(error, undefined)
            const ask = async (query: { text: string }) => {
              if (times-- > 0) throw Object.assign(new Error('injected'), { code })
              return connection.query(query)
            }
            const release = (destroy?: boolean): void => connection.release(destroy)
            done(undefined, { query: ask, on: () => {}, off: () => {}, release })
          })
        return postgres({ totalCount: 0, connect, on: () => {}, off: () => {} }, { table })
      }
      assert.equal(await failing(3).create(newId(), lasting()), true)
      await assert.rejects(async () => failing(4).create(newId(), lasting()), UNAVAILABLE)
    })
  }

  test('STO-22 a deadlock with another program ends for the store', async () => {
    const ids = [newId(), newId()]
    for (const id of ids) await store.create(id, lasting({ userId: 'locked', created: 1 }))
    const handles = ids.map((id) => store.handle(id)).toSorted()
    const holder = await connectionOf(admin)
    const touch = (handle: string) => ({
      text: `UPDATE ${table} SET expires = expires + 1 WHERE id = $1`,
      values: [handle],
    })
    await holder.query({ text: 'BEGIN' })
    await holder.query(touch(handles[1]!))
    const revoking = store.revokeUser('locked', { ...NO_MARK, before: 1 })
    await holder.query({ text: "SET LOCAL deadlock_timeout = '10ms'" })
    await Promise.resolve(holder.query(touch(handles[0]!))).then(
      () => holder.query({ text: 'COMMIT' }),
      () => holder.query({ text: 'ROLLBACK' }),
    )
    holder.release()
    await revoking
    for (const id of ids) assert.equal(await store.read(id), 'ended')
  })

  test('STO-25 FLT-21 a pool without a free connection is store_timeout, and nothing is done later', async () => {
    const small = pgPool(server.port, { user: 'app', max: 1 })
    const waiting = postgres(small, { table, timeout: 50 })
    const taken = await connectionOf(small)
    const id = newId()
    await assert.rejects(async () => waiting.create(id, lasting()), TIMED_OUT)
    const reads = Array.from({ length: 2100 }, () => outcome(() => waiting.read(id)))
    assert.ok((await Promise.all(reads)).includes('store_unavailable'), 'no more wait than 2,000')
    taken.release()
    await untilItAnswers(waiting)
    assert.equal(await waiting.read(id), undefined)
    await small.end()
  })

  test(
    'FLT-12 CRS-10 a full disk fails what is written, and more room is used',
    smallDisks,
    async (context) => {
      const folder = mkdtempSync(join(tmpdir(), 'symbolon-disk-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', folder])
      context.after(() => {
        execFileSync('umount', [folder])
        rmSync(folder, { recursive: true })
      })
      const { uid, gid } = servers.ordinaryUser
      chownSync(folder, uid, gid)
      await admin.query(`CREATE TABLESPACE small LOCATION '${folder}'`)
      await admin.query('GRANT CREATE ON TABLESPACE small TO app')
      await alter('SET default_tablespace = small')
      const name = newTable()
      const full = open({ table: name })
      await full.setUp()
      const ids: string[] = []
      for (let answer: unknown = true; answer === true;) {
        const id = newId()
        const data = JSON.stringify(randomBytes(100_000).toString('base64'))
        answer = await outcome(() => full.create(id, lasting({ data })))
        if (answer === true) ids.push(id)
        else assert.equal(answer, 'store_unavailable')
      }
      for (const id of ids) await living(full, id)
      execFileSync('mount', ['-o', 'remount,size=8m', folder])
      assert.equal(await full.create(newId(), lasting()), true)
      const names = ['', '_marks', '_revocations', '_counter'].map((suffix) => name + suffix)
      await admin.query(`DROP TABLE ${names.join()}`)
      await admin.query('DROP TABLESPACE small')
    },
  )
})

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}
