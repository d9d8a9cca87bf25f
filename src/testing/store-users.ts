import assert from 'node:assert/strict'
import { ENDED, type StoredSession } from '../session/record.ts'
import {
  MINUTE,
  newId,
  recordAt,
  type StoreBench,
  type StoreCase,
  type StoreWith,
} from './store-bench.ts'

/** What a store that knows users has. */
export const USER_MEMBERS = [
  'handle',
  'ofUser',
  'updateHandle',
  'endHandle',
  'revokeUser',
  'userMark',
] as const

export type UserStore = StoreWith<(typeof USER_MEMBERS)[number]>

export function knowsUsers(bench: StoreBench): bench is StoreBench<UserStore> {
  return bench.store.ofUser !== undefined
}

const HOUR = 60 * MINUTE

/** User ids are opaque text, compared exactly. */
const ODD_USERS = [
  ['ada', 'Ada', 'ada ', ' ada', 'a', 'é', 'e\u0301', '0', '00', '1e0', 'null', 'x'.repeat(255)],
  [
    '*',
    '%',
    '_',
    '?',
    '[a]',
    '{a}',
    'ada:1',
    'a/b',
    'a\\b',
    '../a',
    "'",
    "' OR 1=1 --",
    '$1',
    '🧪',
  ],
  ['__proto__', 'constructor', 'toString'],
].flat()

/** What is promised of a user's sessions, one after the other. */
export const users: Record<string, StoreCase<UserStore>> = {
  'STO-13 a store that lists the sessions of users can end them': async ({ store }) => {
    for (const member of USER_MEMBERS) assert.equal(typeof store[member], 'function', member)
  },

  'STO-13 ofUser lists the living sessions of a user, and nothing else': async (bench) => {
    const { store, other, clock } = bench
    const [mine, second, ended] = [newId(), newId(), newId()]
    const records = [recordAt(clock), recordAt(clock, { data: '{"device":"phone"}' })] as const
    await store.create(mine, records[0])
    await other.create(second, records[1])
    await store.create(ended, recordAt(clock))
    await store.end(ended)
    await store.create(newId(), recordAt(clock, { expires: clock.now() }))
    await store.create(newId(), recordAt(clock, { userId: undefined }))
    await store.create(newId(), recordAt(clock, { userId: 'grace' }))
    const expected = [
      { handle: store.handle(mine), record: records[0] },
      { handle: store.handle(second), record: records[1] },
    ]
    for (const each of [store, other]) {
      assert.deepEqual(inOrder(await each.ofUser('ada')), inOrder(expected))
    }
    clock.advance(MINUTE)
    assert.deepEqual(await store.ofUser('ada'), [])
  },

  'STO-13 ofUser takes user ids for opaque text': async ({ store, clock }) => {
    for (const userId of ODD_USERS) await store.create(newId(), recordAt(clock, { userId }))
    for (const userId of ODD_USERS) {
      const listed = await store.ofUser(userId)
      assert.deepEqual(
        listed.map(({ record }) => record.userId),
        [userId],
      )
    }
    assert.deepEqual(await store.ofUser(''), [])
    assert.deepEqual(await store.ofUser('nobody'), [])
  },

  'STO-13 ofUser follows update and touch': async ({ store, clock }) => {
    const id = newId()
    const anonymous = recordAt(clock, { userId: undefined })
    await store.create(id, anonymous)
    const bound = recordAt(clock)
    await store.update(id, bound, anonymous.version)
    await store.touch(id, clock.now() + HOUR)
    const record = { ...bound, expires: clock.now() + HOUR }
    assert.deepEqual(await store.ofUser('ada'), [{ handle: store.handle(id), record }])
    await store.update(id, recordAt(clock, { userId: 'grace' }), bound.version)
    assert.deepEqual(await store.ofUser('ada'), [])
    assert.equal((await store.ofUser('grace')).length, 1)
  },

  'STO-15 a handle names a session, and opens none': async ({ store, other, clock }) => {
    const id = newId()
    const record = recordAt(clock)
    await store.create(id, record)
    const handle = store.handle(id)
    assert.ok(!handle.includes(id), 'the handle does not hold the id')
    assert.equal(other.handle(id), handle)
    assert.notEqual(store.handle(newId()), handle)
    assert.equal(await store.read(handle), undefined)
    assert.equal(await store.update(handle, recordAt(clock), record.version), 'gone')
    assert.equal(await store.touch(handle, clock.now() + HOUR), false)
    assert.equal(await store.end(handle), 'gone')
    assert.deepEqual(await store.read(id), record)
  },

  'STO-04 endHandle ends as end does': async ({ store, other, clock }) => {
    const [id, anonymous, expired] = [newId(), newId(), newId()]
    await store.create(id, recordAt(clock))
    await store.create(anonymous, recordAt(clock, { userId: undefined }))
    await store.create(expired, recordAt(clock, { expires: clock.now() }))
    for (const each of [id, anonymous]) {
      assert.equal(await other.endHandle(store.handle(each)), true)
      assert.equal(await store.endHandle(store.handle(each)), false)
      assert.equal(await store.read(each), ENDED)
    }
    assert.equal(await store.endHandle(store.handle(expired)), false)
    for (const unknown of [store.handle(newId()), '', '*', '%', '../a', id]) {
      assert.equal(await store.endHandle(unknown), false)
    }
  },

  'STO-14 updateHandle compares and swaps as update does': async ({ store, other, clock }) => {
    const id = newId()
    const handle = store.handle(id)
    const [first, second] = [recordAt(clock), recordAt(clock, { claims: '{"uid":"countess"}' })]
    assert.equal(await store.updateHandle(handle, second, first.version), 'gone')
    await store.create(id, first)
    assert.equal(await other.updateHandle(handle, second, first.version), 'ok')
    assert.equal(await store.updateHandle(handle, recordAt(clock), first.version), 'conflict')
    assert.deepEqual(await store.read(id), second)
    await store.end(id)
    assert.equal(await store.updateHandle(handle, recordAt(clock), second.version), 'gone')
    assert.equal(await store.updateHandle('', recordAt(clock), second.version), 'gone')
  },
}

/** By their handles. */
export function inOrder(listed: readonly StoredSession[]): StoredSession[] {
  return listed.toSorted((one, two) => (one.handle < two.handle ? -1 : 1))
}
