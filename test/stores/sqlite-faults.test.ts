import assert from 'node:assert/strict'
import { chmodSync, closeSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, mock, test, type TestContext } from 'node:test'
import type { SessionRecord, Store } from '../../src/session/record.ts'
import { sqliteOfNode } from '../../src/stores/sqlite/connection.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import { temporaryFile } from '../support/store-files.ts'
import { StoreProcess } from '../support/store-process.ts'

const UNAVAILABLE = { name: 'SessionError', code: 'store_unavailable' }
const posix = { skip: process.platform === 'win32' }

describe('sqlite when the file or its disk fails', () => {
  test('FLT-14 CRS-10 a full disk fails the write alone, and space freed is used', (context) => {
    const clock = new Clock()
    const store = openOnFullDisk(context, clock)
    const stored = fill(store, clock)
    assert.ok(stored.length > 0)
    assert.deepEqual(store.read(stored[0]!.id), stored[0]!.record)
    assert.equal(store.end(stored[0]!.id), 'ok')
    clock.advance(60_000)
    assert.equal(store.sweep(), stored.length)
    assert.equal(store.create(newId(), recordAt(clock)), true)
  })

  test('FLT-14 a file that may only be read is read', posix, async (context) => {
    const file = temporaryFile(context)
    const id = newId()
    const record = recordAt(new Clock())
    const before = sqlite({ file })
    await before.create(id, record)
    await before.close()
    chmodSync(dirname(file), 0o777)
    chmodSync(file, 0o444)
    withoutPrivileges(() => {
      const store = open(context, { file })
      assert.deepEqual(store.read(id), record)
      assert.throws(() => store.create(newId(), record), UNAVAILABLE)
      assert.throws(() => store.update(id, record, record.version), UNAVAILABLE)
      assert.throws(() => store.touch(id, record.expires + 1), UNAVAILABLE)
      assert.throws(() => store.end(id), UNAVAILABLE)
      assert.throws(() => store.sweep(), UNAVAILABLE)
    })
  })

  test('FLT-14 flipped bytes give coded errors or no record, never a wrong one', async (context) => {
    const file = temporaryFile(context)
    const clock = new Clock()
    const record = recordAt(clock, { data: JSON.stringify({ long: 'x'.repeat(500) }) })
    const ids = Array.from({ length: 200 }, newId)
    const before = sqlite({ file, now: clock.now })
    for (const id of ids) await before.create(id, record)
    await before.close()
    overwrite(file, 8192, statSync(file).size - 8192)
    const store = open(context, { file, now: clock.now })
    const codes = ids.map((id) => codeOf(() => store.read(id)))
    assert.ok(codes.every((code) => code === 'store_unavailable' || code === undefined))
    assert.ok(codes.includes('store_unavailable'))
    assert.equal(
      codeOf(() => store.sweep()),
      'store_unavailable',
    )
  })

  test('FLT-14 a file that is no database is refused at the start', (context) => {
    const file = temporaryFile(context)
    writeFileSync(
      file,
      'This file is not a database, and long enough to be seen as none. '.repeat(99),
    )
    assert.throws(() => sqlite({ file }), UNAVAILABLE)
  })

  test('FLT-14 a folder that cannot be made is refused at the start', (context) => {
    const file = temporaryFile(context)
    writeFileSync(file, '')
    assert.throws(() => sqlite({ file: join(file, 'sessions.db') }), UNAVAILABLE)
    assert.throws(() => sqlite({ file: dirname(file) }), UNAVAILABLE)
  })

  test(
    'FLT-14 a folder that went away is made again, and the store goes on',
    posix,
    async (context) => {
      const { file, store, clock, id, record } = await openWithOne(context)
      const other = open(context, { file, now: clock.now })
      rmSync(dirname(file), { recursive: true })
      clock.advance(1000)
      assert.equal(store.read(id), undefined)
      assert.equal(store.create(id, record), true)
      assert.deepEqual(other.read(id), record)
    },
  )

  test(
    'FLT-14 a folder that cannot be made again fails each verb until it can',
    posix,
    async (context) => {
      const { file, store, clock, id, record } = await openWithOne(context)
      const folder = dirname(file)
      rmSync(folder, { recursive: true })
      writeFileSync(folder, 'in its place')
      clock.advance(1000)
      const verbs = [
        () => store.read(id),
        () => store.create(id, record),
        () => store.update(id, record, record.version),
        () => store.touch(id, record.expires),
        () => store.end(id),
        () => store.sweep?.(),
      ]
      for (const verb of verbs) assert.throws(verb, UNAVAILABLE)
      rmSync(folder)
      assert.equal(store.create(id, record), true)
    },
  )

  test('FLT-23 without free file descriptors an open store goes on', posix, async (context) => {
    const file = temporaryFile(context)
    const process = new StoreProcess(context, 64)
    assert.deepEqual(await process.run('useWithoutFiles', { file }, `${file}-2`), {
      used: true,
      read: 'object',
      during: 'store_unavailable',
      after: true,
    })
  })
})

function open(
  context: TestContext,
  options: Parameters<typeof sqlite>[0],
): Store & Required<Pick<Store, 'sweep' | 'close'>> {
  const store = sqlite(options)
  context.after(() => store.close())
  return store
}

async function openWithOne(
  context: TestContext,
): Promise<{ file: string; store: Store; clock: Clock; id: string; record: SessionRecord }> {
  const file = temporaryFile(context)
  const clock = new Clock()
  const store = open(context, { file, now: clock.now })
  const id = newId()
  const record = recordAt(clock)
  await store.create(id, record)
  return { file, store, clock, id, record }
}

/** A store whose database may not grow beyond a few pages: SQLITE_FULL, as on a full disk. */
function openOnFullDisk(
  context: TestContext,
  clock: Clock,
): Store & Required<Pick<Store, 'sweep' | 'close'>> {
  class Small extends sqliteOfNode() {
    constructor(path: string) {
      super(path)
      this.exec('PRAGMA max_page_count = 12')
    }
  }
  const module = mock.method(process, 'getBuiltinModule', () => ({ DatabaseSync: Small }) as never)
  try {
    return open(context, { file: temporaryFile(context), now: clock.now })
  } finally {
    module.mock.restore()
  }
}

/** Creates records until there is no room, and gives those that were acknowledged. */
function fill(store: Store, clock: Clock): { id: string; record: SessionRecord }[] {
  const stored: { id: string; record: SessionRecord }[] = []
  const data = JSON.stringify({ long: 'x'.repeat(500) })
  for (;;) {
    const [id, record] = [newId(), recordAt(clock, { data })]
    try {
      assert.equal(store.create(id, record), true)
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, UNAVAILABLE.code)
      assert.equal(store.read(id), undefined)
      return stored
    }
    stored.push({ id, record })
  }
}

/** Root may write everything: here the file's permissions are to count. */
function withoutPrivileges(run: () => void): void {
  const user = process.geteuid?.()
  if (user === 0) process.seteuid?.(65_534)
  try {
    run()
  } finally {
    if (user === 0) process.seteuid?.(0)
  }
}

function overwrite(file: string, start: number, length: number): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.alloc(length, 0xa5), 0, length, start)
  closeSync(descriptor)
}

function codeOf(run: () => unknown): unknown {
  try {
    assert.equal(run(), undefined)
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
