import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ENDED, type SessionRecord, type Store } from '../../src/session/record.ts'
import { memory } from '../../src/stores/memory.ts'
import { type Clock, newVersion, setUp } from '../../src/testing/store-bench.ts'
import { contract } from '../../src/testing/store-contract.ts'
import { histories } from '../../src/testing/store-histories.ts'
import { races } from '../../src/testing/store-races.ts'

type Fault = (
  sound: Store & Required<Pick<Store, 'sweep' | 'close'>>,
  clock: Pick<Clock, 'now'>,
) => Partial<Store>

const FAULTS: Record<string, Fault> = {
  'leaves no tombstone': ({ read }) => ({
    read: async (id) => recordOf(await read(id)),
  }),
  'keeps the tombstone for less than a minute': (_, { now }) => memory({ now: () => now() + 1 }),
  'lets a record live a millisecond longer': (_, { now }) => memory({ now: () => now() - 1 }),
  'creates over what is there': ({ read, create, update }) => ({
    create: async (id, record) => {
      const there = recordOf(await read(id))
      return there ? (await update(id, record, there.version)) === 'ok' : create(id, record)
    },
  }),
  'updates whatever the version': ({ read, update }) => ({
    update: async (id, record, seen) =>
      update(id, record, recordOf(await read(id))?.version ?? seen),
  }),
  'compares first and writes later': ({ read, update }) => ({
    update: async (id, record, seen) => {
      const there = recordOf(await read(id))
      if (there && there.version !== seen) return 'conflict'
      await nextTurn()
      return update(id, record, recordOf(await read(id))?.version ?? seen)
    },
  }),
  'ends whatever the version': ({ end }) => ({ end: (id) => end(id) }),
  'touches to an earlier end': ({ read, update }) => ({
    touch: async (id, expires) => {
      const there = recordOf(await read(id))
      if (!there) return false
      return (await update(id, { ...there, expires }, there.version)) === 'ok'
    },
  }),
  'touches with a new version': ({ read, update }) => ({
    touch: async (id, expires) => {
      const there = recordOf(await read(id))
      if (!there) return false
      const later = Math.max(expires, there.expires)
      const record = { ...there, expires: later, version: newVersion() }
      return (await update(id, record, there.version)) === 'ok'
    },
  }),
  'ignores case': ({ read, create }) => ({
    read: (id) => read(id.toLowerCase()),
    create: (id, record) => create(id.toLowerCase(), record),
  }),
  'normalises data': ({ create }) => ({
    create: (id, record) => create(id, { ...record, data: record.data.normalize('NFC') }),
  }),
  'forgets who the user is': ({ update }) => ({
    update: (id, record, seen) => update(id, { ...record, userId: undefined }, seen),
  }),
  'sweeps nothing': () => ({ sweep: () => 0 }),
}

describe('the suite for stores', () => {
  test('finds nothing wrong with a sound store', async () => {
    assert.deepEqual(await failures(() => ({})), [])
  })

  for (const [name, fault] of Object.entries(FAULTS)) {
    void test(`finds a store that ${name}`, async () => {
      assert.notDeepEqual(await failures(fault), [])
    })
  }
})

/** The titles of the cases that a store with the fault does not pass. */
async function failures(fault: Fault): Promise<string[]> {
  const make = ({ now }: Pick<Clock, 'now'>) => {
    const sound = memory({ now })
    return { store: { ...sound, ...fault(sound, { now }) } }
  }
  const failed: string[] = []
  for (const [title, run] of Object.entries({ ...contract, ...races, ...histories })) {
    const { bench } = await setUp(make, { histories: 20, logouts: 100 })
    try {
      await run(bench, { skip: () => undefined } as unknown as TestContext)
    } catch {
      failed.push(title)
    }
  }
  return failed
}

function recordOf(answer: SessionRecord | typeof ENDED | undefined): SessionRecord | undefined {
  return answer === ENDED ? undefined : answer
}
