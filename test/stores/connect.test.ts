import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ENDED } from '../../src/session/record.ts'
import { connect } from '../../src/stores/connect.ts'
import { Clock, MINUTE, newId, recordAt } from '../../src/testing/store-bench.ts'
import { synchronousStore } from '../support/express-session.ts'

const DAY = 86_400_000

describe('two processes on one store', () => {
  test('R18 a change by the other is noticed', async () => {
    const { files, store, clock } = start()
    const other = connect(files, { now: clock.now })
    const [id, record] = [newId(), recordAt(clock)]
    await store.create(id, record)
    assert.equal(await other.update(id, recordAt(clock), record.version), 'ok')
    assert.equal(await store.update(id, recordAt(clock), record.version), 'conflict')
    assert.equal(await store.end(id, record.version), 'conflict')
  })

  test('RAC-04 what the other ended is gone, and is not written', async () => {
    const { files, store, clock } = start()
    const other = connect(files, { now: clock.now })
    const [id, record] = [newId(), recordAt(clock)]
    await store.create(id, record)
    assert.equal(await other.end(id), 'ok')
    assert.equal(await store.read(id), undefined)
    assert.equal(await store.update(id, recordAt(clock), record.version), 'gone')
    assert.equal(await store.touch(id, clock.now() + 2 * MINUTE), false)
    assert.equal(files.texts.size, 0)
  })

  test('R10 what is revived by another process stays ended in this one for a minute', async () => {
    const { files, store, clock } = start()
    const [id, record] = [newId(), recordAt(clock, { expires: clock.now() + DAY })]
    await store.create(id, record)
    const text = files.texts.get(id)!
    await store.end(id)
    files.texts.set(id, text)
    clock.advance(MINUTE - 1)
    assert.equal(await store.read(id), ENDED)
    assert.equal(await store.update(id, record, record.version), 'gone')
  })

  test('the guarantees say that none of this is certain', () => {
    const { guarantees } = start().store
    const names = ['noRevival', 'noLostUpdate', 'durableLogout', 'hearsChanges']
    assert.deepEqual(guarantees, Object.fromEntries(names.map((name) => [name, false])))
  })
})

describe('what connect() refuses, and warns of', () => {
  test('what is no store, and times that are none, are refused', () => {
    const refused: [any, object?][] = [
      [undefined],
      [{}],
      [{ get() {}, set() {} }],
      [synchronousStore(), { timeout: 0 }],
      [synchronousStore(), { timeout: NaN }],
      [synchronousStore(), { defaultLife: -1 }],
    ]
    for (const [store, options] of refused) {
      assert.throws(() => connect(store, options), { code: 'invalid_option' })
    }
  })

  test('STO-07 an id that could lead out of a folder is never there, and never stored', async () => {
    const { files, store, clock } = start()
    for (const id of ['../a', '..', 'a/../../b', '..\\a', 'a\\..', 'a\0']) {
      files.texts.set(id, '{"cookie":{"expires":null}}')
      assert.equal(await store.read(id), undefined)
      assert.equal(await store.update(id, recordAt(clock), 'v'), 'gone')
      assert.equal(await store.touch(id, clock.now() + MINUTE), false)
      assert.equal(await store.end(id), 'gone')
      await assert.rejects(async () => store.create(id, recordAt(clock)), { code: 'not_supported' })
    }
    for (const id of ['..a', 'a..b', '/foo', '%', 'apple', '']) {
      assert.equal(await store.create(id, recordAt(clock)), true)
    }
  })

  test('a process is warned once, but not under test', async () => {
    const url = new URL('../../src/stores/connect.ts', import.meta.url)
    const program = `
      import { connect } from ${JSON.stringify(fileURLToPath(url))}
      for (let n = 0; n < 3; n++) connect({ get() {}, set() {}, destroy() {} })`
    const warnings = async (NODE_ENV: string): Promise<number> => {
      const args = ['--input-type=module', '-e', program]
      const env = { ...process.env, NODE_ENV }
      const { stderr } = await promisify(execFile)(process.execPath, args, { env })
      return stderr.split('SymbolonWarning').length - 1
    }
    assert.equal(await warnings('production'), 1)
    assert.equal(await warnings('test'), 0)
  })
})

function start() {
  const files = synchronousStore()
  const clock = new Clock()
  return { files, clock, store: connect(files, { now: clock.now }) }
}
