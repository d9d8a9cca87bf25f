import assert from 'node:assert/strict'
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ENDED, type Store } from '../../src/session/record.ts'
import { sqliteOfNode } from '../../src/stores/sqlite/connection.ts'
import { columns } from '../../src/stores/sqlite/rows.ts'
import { STATEMENTS } from '../../src/stores/sqlite/statements.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { storedId } from '../../src/stores/stored-id.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import type { CrashPoint } from '../support/session-crasher.ts'
import { temporaryFile } from '../support/store-files.ts'

const CRASHER = fileURLToPath(new URL('../support/session-crasher.ts', import.meta.url))
const MANY = 10_000
const CRASHES = 12

const random = seededRandom(1)

describe('sqlite, when a process is killed', () => {
  test('CRS-07 right after the mark of 10,000 sessions: none is read again', async (context) => {
    const { file, ids } = await fill(context)
    crash(file, 'revokeAll', 'after mark')
    const store = open(context, file)
    assert.deepEqual(await livingOf(store, ids), [])
    assert.deepEqual(await store.ofUser('ada'), [])
    assert.ok(await store.userMark('ada'))
  })

  test('CRS-07 at any time: all have ended, or nobody was told so and all live', async (context) => {
    const { file, ids } = await fill(context)
    let [told, ended] = [false, false]
    for (let crashes = 0; crashes < CRASHES && !told; crashes++) {
      told = await killWithin(file, random(2 ** crashes))
      const store = sqlite({ file })
      const living = await livingOf(store, ids)
      assert.ok(living.length === 0 || living.length === MANY, `${living.length} live`)
      assert.ok(!told || living.length === 0, 'none lives after the end was told')
      assert.ok(!ended || living.length === 0, 'none came back')
      ended = living.length === 0
      await store.close()
    }
    crash(file, 'revokeAll', 'never')
    assert.deepEqual(await livingOf(open(context, file), ids), [])
  })

  for (const operation of ['login', 'regenerate'] as const) {
    test(`CRS-06 between the end of the old session and the new one, at ${operation}`, async (context) => {
      const file = temporaryFile(context)
      const [old, ...rest] = crash(file, operation, 'after end')
      assert.deepEqual(rest, [])
      const store = open(context, file)
      assert.equal(store.read(old!), ENDED)
      assert.deepEqual(await store.ofUser('ada'), [])
    })
  }

  test('CRS-06 after the new session was stored, at login', async (context) => {
    const file = temporaryFile(context)
    const [old, successor] = crash(file, 'login', 'after create')
    const store = open(context, file)
    assert.equal(store.read(old!), ENDED)
    const record = await store.read(successor!)
    assert.ok(typeof record === 'object')
    assert.deepEqual([record.userId, record.data], ['ada', '{"cart":[1]}'])
    assert.equal((await store.ofUser('ada')).length, 1)
  })
})

function open(context: TestContext, file: string): Required<Store> {
  const store = sqlite({ file })
  context.after(() => store.close())
  return store
}

/** The ids that the process created before it ended. */
function crash(file: string, operation: string, point: CrashPoint): string[] {
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', CRASHER, file, operation, point],
    { encoding: 'utf8' },
  )
  assert.equal(stderr, '')
  assert.equal(signal, point === 'never' ? null : 'SIGKILL')
  return stdout.trim().split('\n')
}

/** Whether the process told that all sessions have ended before it was killed. */
async function killWithin(file: string, ms: number): Promise<boolean> {
  let told = false
  const child = fork(CRASHER, [file, 'revokeAll', 'never'])
  child.on('message', (message) => {
    if (message === 'begun') setTimeout(() => child.kill('SIGKILL'), ms)
    else told = true
  })
  await once(child, 'exit')
  return told
}

/** A file with many sessions of one user, in one transaction. */
async function fill(context: TestContext): Promise<{ file: string; ids: string[] }> {
  const file = temporaryFile(context)
  await sqlite({ file }).close()
  const Database = sqliteOfNode()
  const database = new Database(file)
  const create = database.prepare(STATEMENTS.create)
  const clock = new Clock()
  const ids = Array.from({ length: MANY }, newId)
  database.exec('BEGIN')
  for (const id of ids) {
    const record = recordAt(clock, { expires: clock.now() + 3_600_000 })
    create.run({ id: storedId(id), ...columns(record), now: clock.now() })
  }
  database.exec('COMMIT')
  database.close()
  return { file, ids }
}

async function livingOf(store: Store, ids: readonly string[]): Promise<string[]> {
  const living: string[] = []
  for (const id of ids) if (typeof (await store.read(id)) === 'object') living.push(id)
  return living
}
