import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Keyv } from 'keyv'
import type { Store } from '../../src/session/record.ts'
import { keyv } from '../../src/stores/keyv.ts'
import { unstorage, type UnstorageClient } from '../../src/stores/unstorage.ts'
import { recordAt } from '../../src/testing/store-bench.ts'
import { testStore } from '../../src/testing/store-suite.ts'

// Its declarations need those of every driver's client.
const drivers: string = 'unstorage'
const { createStorage }: { createStorage: () => UnstorageClient } = await import(drivers)
const counts = {
  histories: 1000,
  logouts: 1000,
  without: ['sweep', 'users', 'revocations', 'changes'] as const,
}

testStore('keyv', ({ now }) => ({ store: keyv(new Keyv(), { now }) }), counts)
testStore('unstorage', ({ now }) => ({ store: unstorage(createStorage(), { now }) }), counts)

describe('stores over key-value storages', () => {
  const clock = { now: Date.now }
  const answers = {
    keyv: (answer: () => unknown) => keyv(new Keyv({ store: adapter(answer) })),
    unstorage: (answer: () => unknown) => unstorage({ getItem: answer, setItem: answer }),
  }

  for (const [name, make] of Object.entries(answers)) {
    test(`${name}: FLT-05 FLT-08 a storage that fails, hangs or holds foreign values`, async () => {
      const broken = make(() => {
        throw new Error('down')
      })
      await assert.rejects(async () => broken.read('a'), /down/)
      await assert.rejects(async () => broken.create('a', recordAt(clock as never)), /down/)
      for (const foreign of [5, {}, [], true, 'x', '{"a":1}', 'a\nb\nc\nd\ne', null, undefined]) {
        const strange = make(() => foreign)
        assert.equal(await strange.read('a'), undefined)
        assert.equal(await strange.end('a'), 'gone')
      }
    })

    test(`${name}: promises nothing that it cannot keep, and keeps ids as hashes (STO-15)`, async () => {
      const kept: string[] = []
      const store: Store =
        name === 'keyv'
          ? keyv({ get: async () => undefined, set: async (key) => kept.push(key), on: () => 0 })
          : unstorage({ getItem: () => undefined, setItem: (key) => kept.push(key) })
      assert.ok(Object.values(store.guarantees).every((promise) => !promise))
      assert.equal(await store.create('the-id', recordAt(clock as never)), true)
      assert.equal(kept.length, 1)
      assert.ok(!kept[0]!.includes('the-id'))
    })
  }

  test('STO-25 a storage that never answers is a timeout', async () => {
    const never = new Promise<never>(() => undefined)
    const store = keyv(new Keyv({ store: adapter(() => never) }), { timeout: 20 })
    await assert.rejects(async () => store.read('a'), { code: 'store_timeout' })
  })

  test('what is no storage is refused at start', () => {
    assert.throws(() => keyv({} as never), { code: 'invalid_option', message: /Keyv/ })
    assert.throws(() => unstorage({} as never), { code: 'invalid_option', message: /storage/ })
    assert.throws(() => keyv(new Keyv(), { timeout: 0 }), {
      code: 'invalid_option',
    })
  })
})

/** A storage adapter for Keyv. */
function adapter(answer: () => unknown) {
  const all = async () => JSON.stringify({ value: await answer() })
  return { get: all, set: all, delete: all, clear: all, has: all } as never
}
