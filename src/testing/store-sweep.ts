import assert from 'node:assert/strict'
import { ENDED, TOMBSTONE_MS } from '../session/record.ts'
import {
  MINUTE,
  newId,
  recordAt,
  type StoreCase,
  type StoreWith,
  YEAR_9999,
} from './store-bench.ts'

/** More than any store should remove in one step. */
const MANY = 2500

/** What has expired is removed, and nothing else. */
export const sweeping: Record<string, StoreCase<StoreWith<'sweep'>>> = {
  'STO-12 sweep removes what has expired and nothing else': async ({ store, clock }) => {
    const [alive, ended, expired] = [newId(), newId(), newId()]
    const record = recordAt(clock, { expires: YEAR_9999 })
    await store.create(alive, record)
    await store.create(ended, recordAt(clock))
    await store.create(expired, recordAt(clock))
    clock.advance(MINUTE - 1)
    await store.end(ended)
    assert.equal(await store.sweep(), 0)
    clock.advance(1)
    assert.equal(await store.sweep(), 1)
    assert.equal(await store.read(ended), ENDED)
    clock.advance(TOMBSTONE_MS)
    assert.equal(await store.sweep(), 1)
    assert.deepEqual(await store.read(alive), record)
  },

  'STO-12 sweeps may run at the same time, and leave nothing': async ({ store, other, clock }) => {
    for (let made = 0; made < MANY; made++) await store.create(newId(), recordAt(clock))
    clock.advance(MINUTE)
    const [some, more] = [store.sweep(), other.sweep()]
    // A store may have swept some of them by itself.
    assert.ok((await some) + (await more) <= MANY)
    assert.equal(await store.sweep(), 0)
  },

  'RAC-16 a record that is touched while others are swept survives': async ({
    store,
    other,
    clock,
  }) => {
    const [used, unused] = [newId(), newId()]
    await store.create(used, recordAt(clock))
    await store.create(unused, recordAt(clock))
    for (let minutes = 0; minutes < 10; minutes++) {
      clock.advance(MINUTE - 1)
      const touched = other.touch(used, clock.now() + MINUTE)
      await store.sweep()
      assert.equal(await touched, true)
    }
    assert.equal(typeof (await store.read(used)), 'object')
    assert.equal(await store.read(unused), undefined)
  },
}
