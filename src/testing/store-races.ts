import assert from 'node:assert/strict'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { ENDED, type SessionRecord, type Store } from '../session/record.ts'
import type { Random } from './random.ts'
import {
  MINUTE,
  newId,
  newVersion,
  recordAt,
  type StoreBench,
  type StoreCase,
} from './store-bench.ts'

const WRITERS = 64
const LONGEST_PAUSE_MS = 50
/** Logouts under way at once. */
const AT_ONCE = 50

/** What requests that run at the same time may do to one session. */
export const races: Record<string, StoreCase> = {
  'RAC-01 RAC-02 a request that is slower than the logout changes nothing': async (bench) => {
    const { store, other, clock } = bench
    const id = newId()
    await store.create(id, recordAt(clock))
    const read = await living(store, id)
    assert.equal(await other.end(id), 'ok')
    assert.equal(await store.update(id, recordAt(clock), read.version), 'gone')
    assert.equal(await store.touch(id, clock.now() + 2 * MINUTE), false)
    assert.equal(await store.create(id, read), false)
    assert.equal(await store.read(id), ENDED)
  },

  'RAC-01 R18 no session survives a logout against slow requests': async (bench) => {
    let survivors = 0
    for (let done = 0; done < bench.logouts; done += AT_ONCE) {
      const rounds = Array.from({ length: AT_ONCE }, () => survivesLogout(bench))
      survivors += (await Promise.all(rounds)).filter(Boolean).length
    }
    assert.equal(survivors, 0)
  },

  'RAC-06 of many that end what they read, one succeeds': async (bench) => {
    const id = newId()
    const record = recordAt(bench.clock)
    await bench.store.create(id, record)
    const answers = await eachWriter(bench, async (store) => store.end(id, record.version))
    assert.equal(answers.filter((answer) => answer === 'ok').length, 1)
    assert.equal(answers.filter((answer) => answer === 'gone').length, WRITERS - 1)
  },

  'RAC-07 of many that create one id, one succeeds': async (bench) => {
    const id = newId()
    const records = Array.from({ length: WRITERS }, () => recordAt(bench.clock))
    const answers = await eachWriter(bench, async (store, n) => store.create(id, records[n]!))
    assert.equal(answers.filter(Boolean).length, 1)
    assert.deepEqual(await bench.store.read(id), records[answers.indexOf(true)])
  },

  'RAC-09 64 writers of one counter lose no increment': async (bench) => {
    const id = newId()
    await bench.store.create(id, recordAt(bench.clock, { data: '{"count":0}' }))
    await eachWriter(bench, async (store) => {
      for (let done = 0; done < bench.increments; done++) {
        await change(store, id, bench.random, (data) => ({ count: Number(data['count']) + 1 }))
      }
    })
    const { data } = await living(bench.other, id)
    assert.deepEqual(JSON.parse(data), { count: WRITERS * bench.increments })
  },

  'RAC-10 64 writers of a property each keep them all': async (bench) => {
    const id = newId()
    await bench.store.create(id, recordAt(bench.clock, { data: '{}' }))
    await eachWriter(bench, (store, writer) =>
      change(store, id, bench.random, (data) => ({ ...data, [writer]: true })),
    )
    const { data } = await living(bench.other, id)
    assert.equal(Object.keys(JSON.parse(data)).length, WRITERS)
  },

  'RAC-17 a record that expires between read and write is not revived': async (bench) => {
    const { store, clock } = bench
    const id = newId()
    await store.create(id, recordAt(clock))
    const read = await living(store, id)
    clock.advance(MINUTE)
    assert.equal(await store.update(id, recordAt(clock), read.version), 'gone')
    assert.equal(await store.touch(id, clock.now() + MINUTE), false)
    assert.equal(await store.read(id), undefined)
  },
}

/** One logout, a writer and a toucher, each waiting as chance will have it between its steps. */
async function survivesLogout({ store, other, clock, random }: StoreBench): Promise<boolean> {
  const id = newId()
  await store.create(id, recordAt(clock))
  const logout = async (): Promise<boolean> => {
    await pause(random)
    await store.end(id)
    return (await store.read(id)) !== ENDED
  }
  const write = async (): Promise<void> => {
    for (let answer = 'conflict'; answer === 'conflict';) {
      const read = await other.read(id)
      if (read === undefined || read === ENDED) return
      await pause(random)
      answer = await other.update(id, recordAt(clock), read.version)
    }
  }
  const touch = async (): Promise<void> => {
    await pause(random)
    await other.touch(id, clock.now() + 2 * MINUTE)
  }
  const [survived] = await Promise.all([logout(), write(), touch()])
  return survived || (await other.read(id)) !== ENDED
}

/** Many at once, half of them through each instance. */
function eachWriter<T>(
  { store, other }: StoreBench,
  write: (store: Store, writer: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(Array.from({ length: WRITERS }, (_, n) => write(n % 2 ? store : other, n)))
}

/**
 * Compares and swaps until it succeeds, pausing now and then between reading and writing; after some
 * defeats for a while, as the core does, or many writers would keep each other from succeeding.
 */
export async function change(
  store: Store,
  id: string,
  random: Random,
  make: (data: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  for (let defeats = 0; ; defeats++) {
    if (defeats > 1) await sleep(random(Math.min(2 ** defeats, LONGEST_PAUSE_MS)))
    const read = await living(store, id)
    await pause(random)
    const data = JSON.stringify(make(JSON.parse(read.data)))
    const answer = await store.update(id, { ...read, version: newVersion(), data }, read.version)
    if (answer === 'ok') return
  }
}

export async function living(store: Store, id: string): Promise<SessionRecord> {
  const record = await store.read(id)
  assert.ok(record !== undefined && record !== ENDED, 'the record is there')
  return record
}

export async function pause(random: Random): Promise<void> {
  for (let turns = Math.max(0, random(6) - 3); turns > 0; turns--) await nextTurn()
}
