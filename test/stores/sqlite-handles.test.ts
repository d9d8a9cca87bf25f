// SQLite by databases that the app has opened.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createClient } from '@libsql/client'
import type { StoreChange } from '../../src/session/record.ts'
import { sqliteOfNode, type SqliteDatabase } from '../../src/stores/sqlite/connection.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { require } from '../support/express-session.ts'
import { amounts } from '../support/store-amounts.ts'
import { newFile, temporaryFile } from '../support/store-files.ts'

type Handle = SqliteDatabase & { close(): unknown; pragma?(sql: string): unknown }

const clients: Record<string, new (file: string) => Handle> = {
  'better-sqlite3': require('better-sqlite3'),
  libsql: require('libsql'),
  'node:sqlite': sqliteOfNode(),
}

for (const [name, Database] of Object.entries(clients)) {
  testStore(
    `sqlite() on ${name}`,
    ({ now }) => {
      const { file, remove } = newFile()
      const [one, two] = [new Database(file), new Database(file)]
      one.exec('PRAGMA journal_mode = WAL')
      const close = (): void => {
        one.close()
        two.close()
        remove()
      }
      return { store: sqlite(one, { now }), other: sqlite(two, { now }), close }
    },
    amounts(1 / 4),
  )

  describe(`sqlite() on ${name}`, () => {
    test('the app’s tables, settings and version stay as they are', async (context) => {
      const database = new Database(temporaryFile(context))
      database.exec('PRAGMA user_version = 7; CREATE TABLE mine (x)')
      const store = sqlite(database)
      await store.create(newId(), recordAt(new Clock()))
      const version = database.prepare('PRAGMA user_version').get() as object
      assert.equal(Reflect.get(version, 'user_version'), 7)
      await store.close()
      database.exec('INSERT INTO mine VALUES (1)')
      assert.throws(() => store.read(newId()), { code: 'store_unavailable' })
      database.close()
    })

    test('the guarantees say whether a commit survives a power cut', (context) => {
      const database = new Database(temporaryFile(context))
      database.exec('PRAGMA synchronous = NORMAL')
      assert.equal(sqlite(database).guarantees.durableLogout, false)
      database.exec('PRAGMA synchronous = FULL')
      assert.equal(sqlite(database).guarantees.durableLogout, true)
      database.close()
    })

    test('a file of ours and a database of the app share the sessions', async (context) => {
      const file = temporaryFile(context)
      const ours = sqlite({ file })
      const [id, record] = [newId(), recordAt(new Clock())]
      await ours.create(id, record)
      const database = new Database(file)
      const theirs = sqlite(database)
      assert.deepEqual(await theirs.read(id), record)
      const heard: StoreChange[] = []
      const stop = theirs.changes((change) => heard.push(change))
      await theirs.end(id)
      assert.deepEqual(heard, [{ kind: 'session', handle: theirs.handle(id) }])
      await stop()
      assert.equal(await ours.read(id), 'ended')
      await ours.close()
      database.close()
    })

    test('STO-23 a verb waits while another connection writes', async (context) => {
      const file = temporaryFile(context)
      const [one, two, three] = [new Database(file), new Database(file), new Database(file)]
      const all = [one, two, three]
      for (const each of all) each.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 0')
      const store = sqlite(one, { busyTimeout: 20 })
      const waiting = sqlite(three)
      await store.create(newId(), recordAt(new Clock()))
      two.exec('BEGIN IMMEDIATE')
      const creating = waiting.create(newId(), recordAt(new Clock()))
      await assert.rejects(async () => store.create(newId(), recordAt(new Clock())), {
        code: 'store_timeout',
      })
      two.exec('COMMIT')
      assert.equal(await creating, true)
      for (const each of all) each.close()
    })
  })
}

test('numbers are read as numbers, whatever the app has set', async () => {
  const database = new (require('better-sqlite3'))(':memory:')
  database.defaultSafeIntegers(true)
  const store = sqlite(database)
  const [id, record] = [newId(), recordAt(new Clock())]
  await store.create(id, record)
  assert.deepEqual(await store.read(id), record)
  assert.equal(await store.end(id), 'ok')
})

testStore(
  'sqlite() on @libsql/client',
  ({ now }) => {
    const { file, remove } = newFile()
    const url = `file:${file}`
    const [one, two] = [createClient({ url }), createClient({ url, intMode: 'bigint' })]
    const close = (): void => {
      one.close()
      two.close()
      remove()
    }
    return { store: sqlite(one, { now }), other: sqlite(two, { now }), close }
  },
  { ...amounts(1 / 4), without: ['changes'] },
)

test('a libSQL server that fails is store_unavailable, and then used', async (context) => {
  const url = `file:${temporaryFile(context)}`
  const client = createClient({ url })
  let failures = 1
  const failing = new Proxy(client, {
    get(target, name) {
      const method = Reflect.get(target, name).bind(target)
      return (...values: unknown[]) => {
        if (failures-- > 0) throw new Error('injected')
        return method(...values)
      }
    },
  })
  const store = sqlite(failing)
  await assert.rejects(async () => store.read(newId()), { code: 'store_unavailable' })
  assert.equal(await store.create(newId(), recordAt(new Clock())), true)
  assert.ok(!('changes' in store))
  client.close()
})
