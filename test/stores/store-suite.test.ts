import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ENDED, type SessionRecord, type Store } from '../../src/session/record.ts'
import { memory } from '../../src/stores/memory.ts'
import { type Clock, newVersion, setUp, type StoreBench } from '../../src/testing/store-bench.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { markingStore } from '../support/marking-store.ts'
import { STORE_CASES } from '../../src/testing/store-cases.ts'

type Fault = (sound: Required<Store>, clock: Pick<Clock, 'now'>) => Partial<Store>

const FAULTS: Record<string, Fault> = {
  'leaves no tombstone': (sound) => ({
    read: async (id) => recordOf(await sound.read(id)),
  }),
  'keeps the tombstone for less than a minute': (_, { now }) => memory({ now: () => now() + 1 }),
  'lets a record live a millisecond longer': (_, { now }) => memory({ now: () => now() - 1 }),
  'creates over what is there': (sound) => ({
    create: async (id, record) => {
      const there = recordOf(await sound.read(id))
      if (!there) return sound.create(id, record)
      return (await sound.update(id, record, there.version)) === 'ok'
    },
  }),
  'updates whatever the version': (sound) => ({
    update: async (id, record, seen) =>
      sound.update(id, record, recordOf(await sound.read(id))?.version ?? seen),
  }),
  'compares first and writes later': (sound) => ({
    update: async (id, record, seen) => {
      const there = recordOf(await sound.read(id))
      if (there && there.version !== seen) return 'conflict'
      await nextTurn()
      return sound.update(id, record, recordOf(await sound.read(id))?.version ?? seen)
    },
  }),
  'ends whatever the version': (sound) => ({ end: (id) => sound.end(id) }),
  'touches to an earlier end': (sound) => ({
    touch: async (id, expires) => {
      const there = recordOf(await sound.read(id))
      if (!there) return false
      return (await sound.update(id, { ...there, expires }, there.version)) === 'ok'
    },
  }),
  'touches with a new version': (sound) => ({
    touch: async (id, expires) => {
      const there = recordOf(await sound.read(id))
      if (!there) return false
      const later = Math.max(expires, there.expires)
      const record = { ...there, expires: later, version: newVersion() }
      return (await sound.update(id, record, there.version)) === 'ok'
    },
  }),
  'ignores case': (sound) => ({
    read: (id) => sound.read(id.toLowerCase()),
    create: (id, record) => sound.create(id.toLowerCase(), record),
  }),
  'normalises data': (sound) => ({
    create: (id, record) => sound.create(id, { ...record, data: record.data.normalize('NFC') }),
  }),
  'forgets who the user is': (sound) => ({
    update: (id, record, seen) => sound.update(id, { ...record, userId: undefined }, seen),
  }),
  'sweeps nothing': () => ({ sweep: () => 0 }),

  'lists those of everybody whose name begins so': (sound) => ({
    ofUser: async (userId) => [
      ...(await sound.ofUser(userId)),
      ...(await sound.ofUser(`${userId} `)),
    ],
  }),
  'gives ids for handles': () => ({ handle: (id) => id }),
  'ends by handle without a tombstone': (sound, { now }) => ({
    endHandle: async (handle) => {
      const listed = await sound.ofUser('ada')
      const found = listed.find((stored) => stored.handle === handle)
      if (!found) return sound.endHandle(handle)
      const { record } = found
      const expired = { ...record, expires: now() }
      return (await sound.updateHandle(handle, expired, record.version)) === 'ok'
    },
  }),
  'updates by handle whatever the version': (sound) => ({
    updateHandle: async (handle, record, seen) => {
      const listed = await sound.ofUser('ada')
      const found = listed.find((stored) => stored.handle === handle)
      return sound.updateHandle(handle, record, found?.record.version ?? seen)
    },
  }),
  'ends what is listed, and leaves no mark': (sound) => ({
    revokeUser: async (userId) => {
      for (const { handle } of await sound.ofUser(userId)) await sound.endHandle(handle)
    },
  }),
  'marks a millisecond less': (sound) => ({
    revokeUser: (userId, mark) => sound.revokeUser(userId, { ...mark, before: mark.before - 1 }),
  }),
  'marks a millisecond more': (sound) => ({
    revokeUser: (userId, mark) => sound.revokeUser(userId, { ...mark, before: mark.before + 1 }),
  }),
  'excepts no session': (sound) => ({
    revokeUser: (userId, mark) => sound.revokeUser(userId, { ...mark, except: [] }),
  }),
  'forgets marks too early': (sound) => ({
    revokeUser: (userId, mark) => sound.revokeUser(userId, { ...mark, expires: mark.expires - 1 }),
  }),
  'keeps the first mark': (sound) => ({
    revokeUser: async (userId, mark) => {
      if (!(await sound.userMark(userId))) await sound.revokeUser(userId, mark)
    },
  }),
  'reads what has not been revoked a turn before': (sound) => ({
    read: async (id) => {
      const read = await sound.read(id)
      await nextTurn()
      return read === ENDED ? sound.read(id) : read
    },
    revokeUser: async (userId, mark) => {
      const listed = await sound.ofUser(userId)
      await nextTurn()
      for (const { handle } of listed) await sound.endHandle(handle)
      await sound.revokeUser(userId, { ...mark, before: 0 })
    },
  }),

  'numbers entries anew': (sound) => ({
    revocations: {
      add: (text, expires) => sound.revocations.add(text, expires),
      since: async (after) => {
        const { entries, ...page } = await sound.revocations.since(after)
        return { ...page, entries: entries.map((entry, n) => ({ ...entry, number: n + 1 })) }
      },
    },
  }),
  'forgets the last number with its entry': (sound) => ({
    revocations: {
      add: (text, expires) => sound.revocations.add(text, expires),
      since: async (after) => {
        const page = await sound.revocations.since(after)
        return { ...page, last: page.entries.at(-1)?.number ?? 0 }
      },
    },
  }),
  'gives entries in disorder': (sound) => ({
    revocations: {
      add: (text, expires) => sound.revocations.add(text, expires),
      since: async (after) => {
        const { entries, ...page } = await sound.revocations.since(after)
        return { ...page, entries: entries.toReversed() }
      },
    },
  }),
  'loses an entry': (sound) => ({
    revocations: {
      add: (text, expires) => sound.revocations.add(text, expires),
      since: async (after) => {
        const { entries, ...page } = await sound.revocations.since(after)
        return { ...page, entries: entries.filter(({ number }) => number !== 7) }
      },
    },
  }),
  'forgets an entry too early': (sound) => ({
    revocations: {
      add: (text, expires) => sound.revocations.add(text, expires - 1),
      since: (after) => sound.revocations.since(after),
    },
  }),

  'tells of no end': (sound) => ({
    changes: (hear) => sound.changes((change) => void (change.kind !== 'session' && hear(change))),
  }),
  'tells who stopped listening': (sound) => ({
    changes: (hear) => {
      sound.changes(hear)
      return () => undefined
    },
  }),
}

testStore('marks beside the records', ({ now }) => ({ store: markingStore(now) }), {
  histories: 100,
  logouts: 500,
  without: ['changes'],
})

describe('the suite for stores', () => {
  test('finds nothing wrong with a sound store', async () => {
    assert.equal(await firstFailure(() => ({})), undefined)
  })

  for (const [name, fault] of Object.entries(FAULTS)) {
    void test(`finds a store that ${name}`, async () => {
      assert.notEqual(await firstFailure(fault), undefined)
    })
  }
})

/** The title of a case that a store with the fault does not pass. */
async function firstFailure(fault: Fault): Promise<string | undefined> {
  const make = ({ now }: Pick<Clock, 'now'>) => {
    const sound = memory({ now })
    return { store: { ...sound, ...fault(sound, { now }) } }
  }
  const cases = Object.values(STORE_CASES).flatMap((group) => Object.entries(group.cases))
  for (const [title, run] of cases) {
    const { bench } = await setUp(make, { histories: 20, logouts: 100, patience: 100 })
    try {
      await run(
        bench as StoreBench<Required<Store>>,
        { skip: () => undefined } as unknown as TestContext,
      )
    } catch (error) {
      assert.ok(error instanceof assert.AssertionError, `${title}: ${String(error)}`)
      return title
    }
  }
  return undefined
}

function recordOf(answer: SessionRecord | typeof ENDED | undefined): SessionRecord | undefined {
  return answer === ENDED ? undefined : answer
}
