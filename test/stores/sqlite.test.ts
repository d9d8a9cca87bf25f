import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, mock, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { sqliteOfNode } from '../../src/stores/sqlite/connection.ts'
import { CREATE_TABLES, STATEMENTS } from '../../src/stores/sqlite/statements.ts'
import { sqlite, type SqliteOptions } from '../../src/stores/sqlite.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { newFile, temporaryFile } from '../support/store-files.ts'

const Database = sqliteOfNode()

testStore('sqlite in memory', ({ now }) => {
  const store = sqlite({ file: ':memory:', now })
  return { store, close: () => store.close() }
})

testStore(
  'sqlite on a file, by two connections',
  ({ now }) => {
    const { file, remove } = newFile()
    const store = sqlite({ file, now })
    const other = sqlite({ file, now })
    const close = async () => {
      await store.close()
      await other.close()
      remove()
    }
    return { store, other, close }
  },
  // The same statements as in memory, but each write waits for the disk.
  { histories: 100 },
)

describe('sqlite, besides', () => {
  test('answers at once', async () => {
    const store = sqlite({ file: ':memory:' })
    const record = recordAt(new Clock())
    assert.equal(store.create('id', record), true)
    assert.deepEqual(store.read('id'), record)
    assert.equal(store.touch('id', record.expires), true)
    assert.equal(store.update('id', record, record.version), 'ok')
    assert.equal(store.end('id'), 'ok')
    assert.equal(store.sweep(), 0)
    await store.close()
  })

  test('keeps records over a restart, and takes a path or a URL', async (context) => {
    const file = temporaryFile(context)
    const record = recordAt(new Clock())
    const before = sqlite({ file })
    await before.create('id', record)
    await before.close()
    const after = open(context, { file: pathToFileURL(file) })
    assert.deepEqual(after.read('id'), record)
  })

  test('STO-15 no id can be found in the files', async (context) => {
    const file = temporaryFile(context)
    const store = open(context, { file })
    const ids = Array.from({ length: 50 }, newId)
    for (const id of ids) await store.create(id, recordAt(new Clock()))
    const folder = dirname(file)
    const dump = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
    assert.ok(dump.includes('"cart"'), 'the records are there')
    for (const id of ids) assert.ok(!dump.includes(id))
  })

  test(
    'the files and missing folders are for their owner alone',
    { skip: process.platform === 'win32' },
    async (context) => {
      const parent = dirname(temporaryFile(context))
      const folder = join(parent, 'a', 'b')
      const store = open(context, { file: join(folder, 'sessions.db') })
      await store.create('id', recordAt(new Clock()))
      assert.deepEqual([modeOf(join(parent, 'a')), modeOf(folder)], [0o700, 0o700])
      const files = readdirSync(folder).map((name) => [name, modeOf(join(folder, name))])
      assert.deepEqual(Object.fromEntries(files), {
        'sessions.db': 0o600,
        'sessions.db-shm': 0o600,
        'sessions.db-wal': 0o600,
      })
    },
  )

  test('STO-12 some of what has expired is removed after every 100 creates', async (context) => {
    const file = temporaryFile(context)
    const clock = new Clock()
    const store = open(context, { file, now: clock.now })
    for (let made = 0; made < 99; made++) await store.create(newId(), recordAt(clock))
    clock.advance(60_000)
    await store.create(newId(), recordAt(clock))
    await nextTurn()
    await nextTurn()
    assert.equal(store.sweep(), 0)
  })

  test('STO-16 rows this package cannot have written are not there', async (context) => {
    const file = temporaryFile(context)
    const foreign = new Database(file)
    foreign.exec(CREATE_TABLES.replace('STRICT', '').replaceAll(/(?<!IS )NOT NULL/g, ''))
    const clock = new Clock()
    const store = open(context, { file, now: clock.now })
    const oddities = [
      'version = NULL',
      "version = x'00'",
      "user_id = x'00'",
      'claims = NULL',
      "claims = x'80049500'",
      'data = NULL',
      "data = x'80049500'",
      "created = 'yesterday'",
      'created = NULL',
      'created = 9223372036854775807',
      'expires = NULL',
      "expires = 'tomorrow'",
      'expires = 9223372036854775807',
      "ended = 'x'",
    ]
    for (const oddity of oddities) {
      const id = newId()
      await store.create(id, recordAt(clock))
      const { rowid } = foreign.prepare('SELECT max(rowid) AS rowid FROM symbolon_sessions').get()!
      foreign.exec(`UPDATE symbolon_sessions SET ${oddity} WHERE rowid = ${Number(rowid)}`)
      assert.equal(store.read(id), undefined, oddity)
      assert.equal(store.update(id, recordAt(clock), 'seen'), 'gone', oddity)
      assert.equal(store.end(id, 'seen'), 'gone', oddity)
    }
    foreign.close()
  })

  test('STO-13 every statement finds its rows by an index', () => {
    const database = new Database(':memory:')
    database.exec(CREATE_TABLES)
    for (const [verb, sql] of Object.entries(STATEMENTS)) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
      const scans = plan.filter(({ detail }) => String(detail).startsWith('SCAN symbolon'))
      assert.deepEqual(scans, [], verb)
    }
    database.close()
  })

  test('R13 a file in the place of another is a gap to who listens', async (context) => {
    const [file, other] = [temporaryFile(context), temporaryFile(context)]
    const clock = new Clock()
    const store = open(context, { file, now: clock.now })
    await sqlite({ file: other }).close()
    const gap = new Promise((resolve) => void store.changes(({ kind }) => resolve(kind)))
    renameSync(other, file)
    clock.advance(1000)
    // The store's own timer keeps no process alive.
    const alive = setInterval(() => undefined, 1000)
    assert.equal(await gap, 'gap')
    clearInterval(alive)
  })

  test('R13 nothing is looked at when nobody listens', async (context) => {
    const started = context.mock.method(globalThis, 'setInterval')
    const stopped = context.mock.method(globalThis, 'clearInterval')
    const timers = (): number => started.mock.callCount() - stopped.mock.callCount()
    const store = sqlite({ file: ':memory:' })
    assert.equal(timers(), 0)
    const stops = [store.changes(() => undefined), store.changes(() => undefined)]
    assert.equal(timers(), 1)
    for (const stop of stops) await stop()
    assert.equal(timers(), 0)
    store.changes(() => undefined)
    assert.equal(timers(), 1)
    await store.close()
    assert.equal(timers(), 0)
  })

  test('a verb of a closed store is store_unavailable', async () => {
    const store = sqlite({ file: ':memory:' })
    await store.close()
    await store.close()
    for (const verb of [() => store.read('id'), () => store.end('id'), () => store.sweep()]) {
      assert.throws(verb, { code: 'store_unavailable' })
    }
  })

  test('options that cannot be meant are refused', () => {
    const wrong: unknown[] = [
      {},
      { file: '' },
      { file: 7 },
      { file: new URL('https://app.example/sessions.db') },
      { file: ':memory:', busyTimeout: -1 },
      { file: ':memory:', busyTimeout: 'soon' },
      { file: ':memory:', busyTimeout: Number.NaN },
    ]
    for (const options of wrong) {
      assert.throws(() => sqlite(options as SqliteOptions), { code: 'invalid_option' })
    }
  })

  test('a runtime without node:sqlite is told so', () => {
    const missing = mock.method(process, 'getBuiltinModule', () => undefined)
    try {
      assert.throws(() => sqlite({ file: ':memory:' }), {
        code: 'invalid_option',
        message: /Node 22\.13/,
      })
    } finally {
      missing.mock.restore()
    }
  })

  test('a relative path stays where it was when the process moves', async (context) => {
    const folder = dirname(temporaryFile(context))
    const before = process.cwd()
    mkdirSync(join(folder, 'elsewhere'))
    process.chdir(folder)
    try {
      const clock = new Clock()
      const store = sqlite({ file: 'sessions.db', now: clock.now })
      await store.create('id', recordAt(clock))
      process.chdir('elsewhere')
      clock.advance(1000)
      assert.equal(typeof store.read('id'), 'object')
      await store.close()
    } finally {
      process.chdir(before)
    }
  })
})

function open(context: TestContext, options: SqliteOptions): ReturnType<typeof sqlite> {
  const store = sqlite(options)
  context.after(() => store.close())
  return store
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}
