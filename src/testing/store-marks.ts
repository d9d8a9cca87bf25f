import assert from 'node:assert/strict'
import { ENDED, type SessionRecord, type UserMark } from '../session/record.ts'
import {
  type Clock,
  MINUTE,
  newId,
  newVersion,
  recordAt,
  type StoreBench,
  type StoreCase,
} from './store-bench.ts'
import type { UserStore } from './store-users.ts'

const HOUR = 60 * MINUTE
const MANY = 200

/** What is promised of the end of all sessions of a user. */
export const marks: Record<string, StoreCase<UserStore>> = {
  'SES-26 revokeUser ends all sessions of the user, for every verb, and no others': async (
    bench,
  ) => {
    const { store, other, clock } = bench
    const ids = Array.from({ length: MANY }, newId)
    const records = ids.map(() => recordAt(clock, { created: clock.now() - 1 }))
    for (const [n, id] of ids.entries()) await store.create(id, records[n]!)
    const others = [undefined, 'grace', 'Ada', 'ada ']
    const alive = others.map((userId) => ({ id: newId(), record: recordAt(clock, { userId }) }))
    for (const { id, record } of alive) await store.create(id, record)
    await other.revokeUser('ada', markAt(clock))
    assert.deepEqual(await store.ofUser('ada'), [])
    for (const [n, id] of ids.entries()) await assertEnded(bench, id, records[n]!)
    for (const { id, record } of alive) assert.deepEqual(await store.read(id), record)
  },

  'SES-26 a session that began after the mark lives': async ({ store, clock }) => {
    const mark = markAt(clock)
    await store.revokeUser('ada', mark)
    const id = newId()
    const record = recordAt(clock, { created: mark.before + 1 })
    assert.equal(await store.create(id, record), true)
    assert.deepEqual(await store.read(id), record)
    assert.equal((await store.ofUser('ada')).length, 1)
    assert.equal(await store.update(id, { ...record, version: newVersion() }, record.version), 'ok')
    assert.equal(await store.touch(id, clock.now() + HOUR), true)
  },

  'SES-26 a session that began before the mark, and is stored after it, has ended': async (
    bench,
  ) => {
    const { store, clock } = bench
    await store.revokeUser('ada', markAt(clock))
    const id = newId()
    const record = recordAt(clock)
    await store.create(id, record)
    await assertEnded(bench, id, record)
    assert.deepEqual(await store.ofUser('ada'), [])
  },

  'SES-26 the sessions that a mark excepts live on': async (bench) => {
    const { store, other, clock } = bench
    const [kept, ended] = [newId(), newId()]
    const records = [recordAt(clock), recordAt(clock)] as const
    await store.create(kept, records[0])
    await store.create(ended, records[1])
    const except = [store.handle(newId()), store.handle(kept), 'no handle']
    await store.revokeUser('ada', markAt(clock, { except }))
    await assertEnded(bench, ended, records[1])
    assert.deepEqual(await store.ofUser('ada'), [
      { handle: store.handle(kept), record: records[0] },
    ])
    const next = recordAt(clock, { created: records[0].created })
    assert.equal(await other.update(kept, next, records[0].version), 'ok')
    assert.equal(await store.touch(kept, next.expires + 1), true)
    assert.deepEqual(await other.read(kept), { ...next, expires: next.expires + 1 })
  },

  'SES-26 a later mark replaces an earlier one': async (bench) => {
    const { store, clock } = bench
    const [first, second] = [newId(), newId()]
    const early = recordAt(clock)
    await store.create(first, early)
    await store.revokeUser('ada', markAt(clock, { except: [store.handle(first)] }))
    clock.advance(1)
    const late = recordAt(clock)
    await store.create(second, late)
    await store.revokeUser('ada', markAt(clock, { except: [store.handle(second)] }))
    await assertEnded(bench, first, early)
    assert.deepEqual(await store.read(second), late)
  },

  'SES-26 a mark is never set back by another that was made earlier': async (bench) => {
    const { store, other, clock } = bench
    const late = markAt(clock)
    await store.revokeUser('ada', late)
    await other.revokeUser('ada', { ...late, before: late.before - 10, expires: late.expires - 10 })
    const id = newId()
    const record = recordAt(clock, { created: late.before - 5 })
    await store.create(id, record)
    await assertEnded(bench, id, record)
    assert.deepEqual(await store.userMark('ada'), late)
  },

  'SES-26 userMark tells the mark until it expires': async (bench) => {
    const { store, other, clock } = bench
    assert.equal(await store.userMark('ada'), undefined)
    const except = [store.handle(newId()), store.handle(newId())]
    const mark = markAt(clock, { except })
    await store.revokeUser('ada', mark)
    assert.equal(await store.userMark('grace'), undefined)
    clock.advance(HOUR - 1)
    await store.sweep?.()
    for (const each of [store, other]) assert.deepEqual(await each.userMark('ada'), mark)
    const id = newId()
    const record = recordAt(clock, { created: mark.before })
    await store.create(id, record)
    await assertEnded(bench, id, record)
  },
}

/** A mark of what was created until now, kept for an hour. */
export function markAt({ now }: Pick<Clock, 'now'>, changes: Partial<UserMark> = {}): UserMark {
  return { before: now(), except: [], expires: now() + HOUR, ...changes }
}

async function assertEnded(
  { store, other, clock }: StoreBench<UserStore>,
  id: string,
  { version }: SessionRecord,
): Promise<void> {
  assert.equal(await store.read(id), ENDED)
  assert.equal(await other.read(id, 'ada'), ENDED)
  assert.equal(await store.update(id, recordAt(clock), version), 'gone')
  assert.equal(await store.updateHandle(store.handle(id), recordAt(clock), version), 'gone')
  assert.equal(await store.touch(id, clock.now() + HOUR), false)
  assert.equal(await store.end(id, version), 'gone')
  assert.equal(await store.endHandle(store.handle(id)), false)
  assert.equal(await store.create(id, recordAt(clock)), false)
  assert.equal(await other.read(id), ENDED)
}
