import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SessionRecord, Store } from '../../src/session/record.ts'
import { isPromise } from '../../src/session/steps.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import { living } from '../../src/testing/store-races.ts'
import { temporaryFile } from '../support/store-files.ts'
import { StoreProcess } from '../support/store-process.ts'

const HOUR = 3_600_000

describe('sqlite shared by processes', () => {
  test('RAC-09 4 processes of 8 writers lose no increment', async (context) => {
    const { file, store, processes } = share(context, 4)
    const id = newId()
    await store.create(id, lasting({ data: '{"count":0}' }))
    await Promise.all(
      processes.map((each) => each.run('increment', { file }, Array(8).fill(id), 50)),
    )
    assert.deepEqual(JSON.parse((await living(store, id)).data), { count: 4 * 8 * 50 })
  })

  test('RAC-10 4 processes that add properties lose none', async (context) => {
    const { file, store, processes } = share(context, 4)
    const id = newId()
    await store.create(id, lasting({ data: '{}' }))
    const names = processes.map((_, n) => Array.from({ length: 32 }, (__, m) => `from ${n}: ${m}`))
    await Promise.all(processes.map((each, n) => each.run('addNames', { file }, id, names[n]!)))
    const stored = Object.keys(JSON.parse((await living(store, id)).data))
    assert.deepEqual(stored.toSorted(), names.flat().toSorted())
  })

  test('RAC-01 RAC-04 R18 no session survives a logout in another process', async (context) => {
    const { file, store, processes } = share(context, 1)
    const ids = Array.from({ length: 1000 }, newId)
    for (const id of ids) await store.create(id, lasting())
    const writing = processes[0]!.run('writeUntilGone', { file }, ids)
    let survivors = 0
    for (const id of ids) {
      await untilWritten(store, id)
      assert.equal(await store.end(id), 'ok')
      if (typeof (await store.read(id)) === 'object') survivors++
    }
    assert.ok((await writing) >= ids.length)
    for (const id of ids) if (typeof (await store.read(id)) === 'object') survivors++
    assert.equal(survivors, 0)
  })

  test('STO-12 processes that sweep at once remove every row once', async (context) => {
    const { file, store, processes } = share(context, 4)
    const alive = newId()
    await store.create(alive, lasting())
    // Not so many that the store begins to sweep by itself.
    for (let made = 0; made < 90; made++) await store.create(newId(), lasting({ expires: 1 }))
    const removed = await Promise.all(processes.map((each) => each.run('sweep', { file })))
    const sum = removed.reduce((some, more) => some + more)
    assert.equal(sum, 90)
    await living(store, alive)
  })

  test('STO-21 8 processes that make the file, its folder and its table at once', async (context) => {
    const file = join(dirname(temporaryFile(context)), 'new', 'folder', 'sessions.db')
    const processes = startProcesses(context, 8)
    const created = await Promise.all(processes.map((each) => each.run('create', { file })))
    assert.deepEqual(created, Array(8).fill(true))
  })

  test('STO-23 a verb waits while another process writes, and other work goes on', async (context) => {
    const { file, store, processes } = share(context, 1)
    const id = newId()
    await store.create(id, lasting())
    await processes[0]!.run('beginToDelete', { file })
    const creating = store.create(newId(), lasting())
    const ending = store.end(id)
    assert.ok(isPromise(creating) && isPromise(ending), 'the answers come later')
    assert.equal(typeof store.read(id), 'object', 'reading needs no lock, and answers at once')
    await processes[0]!.run('rollBack')
    assert.equal(await creating, true)
    assert.equal(await ending, 'ok')
    assert.equal(store.create(newId(), lasting()), true, 'and then verbs answer at once again')
  })

  test('STO-23 a lock held for longer than busyTimeout is store_timeout', async (context) => {
    const { file, store, processes } = share(context, 1, 20)
    await processes[0]!.run('beginToDelete', { file })
    const timeout = { name: 'SessionError', code: 'store_timeout' }
    const answers = [store.create(newId(), lasting()), store.touch(newId(), 1), store.end(newId())]
    for (const answer of answers) await assert.rejects(async () => answer, timeout)
    await processes[0]!.run('rollBack')
    assert.equal(await store.create(newId(), lasting()), true)
  })

  test('STO-23 a file that is locked at the start is opened by the first verb', async (context) => {
    const { file, store: first, processes } = share(context, 1)
    await first.close?.()
    await processes[0]!.run('beginToDelete', { file })
    const store = sqlite({ file })
    context.after(() => store.close())
    const creating = store.create(newId(), lasting())
    await processes[0]!.run('rollBack')
    assert.equal(await creating, true)
  })

  test('CRS-13 a process killed inside a transaction leaves no trace and no lock', async (context) => {
    const { file, store, processes } = share(context, 1)
    const id = newId()
    const record = lasting()
    await store.create(id, record)
    await processes[0]!.run('beginToDelete', { file })
    const creating = store.create(newId(), lasting())
    await processes[0]!.kill()
    assert.equal(await creating, true)
    assert.deepEqual(await store.read(id), record)
  })
})

function share(
  context: TestContext,
  count: number,
  busyTimeout?: number,
): { file: string; store: Store; processes: StoreProcess[] } {
  const file = temporaryFile(context)
  const store = sqlite({ file, ...(busyTimeout !== undefined && { busyTimeout }) })
  context.after(() => store.close())
  return { file, store, processes: startProcesses(context, count) }
}

function startProcesses(context: TestContext, count: number): StoreProcess[] {
  return Array.from({ length: count }, () => new StoreProcess(context))
}

/** A record that outlives the test in every process, by their real clocks. */
function lasting(changes: Partial<SessionRecord> = {}): SessionRecord {
  const clock = new Clock()
  return recordAt(clock, { expires: clock.now() + HOUR, ...changes })
}

async function untilWritten(store: Store, id: string): Promise<void> {
  const { version } = await living(store, id)
  while ((await living(store, id)).version === version) await nextTurn()
}
