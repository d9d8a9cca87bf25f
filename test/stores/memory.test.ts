import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { memory } from '../../src/stores/memory.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import { testStore } from '../../src/testing/store-suite.ts'

testStore('memory', ({ now }) => ({ store: memory({ now }) }))

describe('memory, besides', () => {
  test('answers at once', () => {
    const store = memory()
    const id = newId()
    const record = recordAt(new Clock())
    assert.equal(store.create(id, record), true)
    assert.deepEqual(store.read(id), record)
    assert.equal(store.touch(id, record.expires), true)
    assert.equal(store.update(id, record, record.version), 'ok')
    assert.equal(store.end(id), 'ok')
    assert.equal(store.sweep(), 0)
  })

  test('R13 gives out frozen records, and leaves what it is given as it was', async () => {
    const store = memory()
    const record = recordAt(new Clock())
    await store.create('id', record)
    assert.ok(Object.isFrozen(store.read('id')))
    assert.ok(!Object.isFrozen(record))
  })

  test('STO-12 what has expired does not pile up, without a sweep and without a timer', async () => {
    const clock = new Clock()
    const store = memory({ now: clock.now })
    const timers = countTimers()
    for (let made = 0; made < 10_000; made++) {
      await store.create(newId(), recordAt(clock, { expires: clock.now() + 10 }))
      clock.advance(1)
    }
    assert.equal(countTimers(), timers)
    const left = Number(store.sweep())
    assert.ok(left < 40, `${left} of 10,000 are left, of which 10 had not expired`)
  })

  test('forgets everything when it is closed', async () => {
    const store = memory()
    await store.create('id', recordAt(new Clock()))
    await store.close()
    assert.equal(store.read('id'), undefined)
  })
})

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}
