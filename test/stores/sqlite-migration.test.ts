import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { on, once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sqliteOfNode } from '../../src/stores/sqlite/connection.ts'
import { CREATE_TABLES, FORMAT } from '../../src/stores/sqlite/statements.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import { temporaryFile } from '../support/store-files.ts'
import { StoreProcess } from '../support/store-process.ts'

const OLD = fileURLToPath(new URL('../support/store-format-1.ts', import.meta.url))
const Database = sqliteOfNode()

describe('an SQLite file in format 1', () => {
  test('STO-21 becomes what a new file is', async (context) => {
    const { file, schema } = makeOld(context)
    await sqlite({ file }).close()
    const newFile = temporaryFile(context)
    await sqlite({ file: newFile }).close()
    assert.notDeepEqual(schema, schemaOf(newFile))
    assert.deepEqual(schemaOf(file), schemaOf(newFile))
  })

  test('STO-21 is brought up by 8 processes while an older one works on it', async (context) => {
    const { file } = makeOld(context)
    const old = start(context, file)
    const before = await createdBy(old, 20)
    const processes = Array.from({ length: 8 }, () => new StoreProcess(context))
    const made = await Promise.all(processes.map((each) => each.run('create', { file })))
    assert.deepEqual(made, Array(8).fill(true))
    const after = await createdBy(old, 20)
    assert.ok([...before, ...after].every(({ changes }) => changes === 1))

    const store = sqlite({ file })
    context.after(() => store.close())
    const handles = new Set((await store.ofUser('ada')).map(({ handle }) => handle))
    for (const { created } of [...before, ...after]) assert.ok(handles.has(created))
    const now = Date.now()
    await store.revokeUser('ada', { before: now, except: [], expires: now + 3_600_000 })
    for (const { created } of [before[0]!, after[19]!]) {
      assert.equal(await isEndedFor(old, created), true)
    }
    const id = newId()
    assert.equal(await store.create(id, recordAt(new Clock(), { created: now + 1 })), true)
    assert.equal(await isEndedFor(old, store.handle(id)), false)
  })

  test('STO-21 a file of a later release is refused, and left as it is', (context) => {
    const file = temporaryFile(context)
    const later = new Database(file)
    later.exec(`PRAGMA user_version = ${FORMAT + 1}`)
    assert.throws(() => sqlite({ file }), { code: 'invalid_option' })
    assert.deepEqual(schemaOf(file), [])
    later.close()
  })

  test('STO-21 the tables can be made twice', () => {
    const database = new Database(':memory:')
    database.exec(CREATE_TABLES)
    const generation = database.prepare('SELECT generation FROM symbolon_generation')
    const before = generation.all()
    database.exec(CREATE_TABLES)
    assert.deepEqual(generation.all(), before)
    assert.equal(before.length, 1)
    database.close()
  })
})

interface Created {
  readonly created: string
  readonly changes: number
}

function makeOld(context: TestContext): { file: string; schema: unknown[] } {
  const file = temporaryFile(context)
  assert.equal(spawnSync(process.execPath, [OLD, file, '--make']).status, 0)
  return { file, schema: schemaOf(file) }
}

function start(context: TestContext, file: string): ChildProcess {
  const child = fork(OLD, [file])
  context.after(async () => {
    child.kill('SIGKILL')
    if (child.signalCode === null) await once(child, 'exit')
  })
  return child
}

/** The next sessions that the process creates. */
async function createdBy(child: ChildProcess, count: number): Promise<Created[]> {
  const created: Created[] = []
  for await (const [message] of on(child, 'message') as AsyncIterable<[Created]>) {
    if ('created' in message && created.push(message) === count) break
  }
  return created
}

async function isEndedFor(child: ChildProcess, handle: string): Promise<boolean> {
  child.send(handle)
  for await (const [message] of on(child, 'message') as AsyncIterable<
    [{ asked?: string; ended: boolean }]
  >) {
    if (message.asked === handle) return message.ended
  }
  throw new Error('the process ended')
}

function schemaOf(file: string): unknown[] {
  const database = new Database(file)
  const schema = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
  database.close()
  return schema
}
