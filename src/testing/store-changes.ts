import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MaybePromise, StoreChange } from '../session/record.ts'
import { MINUTE, newId, recordAt, type StoreCase, type StoreWith } from './store-bench.ts'
import { markAt } from './store-marks.ts'
import type { UserStore } from './store-users.ts'

const ADDERS = 8
const ENTRIES = 25
const LOOK_EVERY_MS = 20

/** What is promised of the revocation log. */
export const revocations: Record<string, StoreCase<StoreWith<'revocations'>>> = {
  'R32 entries are numbered upwards, and read from any number on': async ({ store, other }) => {
    const empty = await other.revocations.since(0)
    assert.deepEqual(empty.entries, [])
    for (const text of TEXTS) await store.revocations.add(text, YEAR_9999)
    const { generation, entries } = await other.revocations.since(0)
    assert.equal(generation, empty.generation)
    assert.notEqual(generation, '')
    assert.deepEqual(
      entries.map(({ text }) => text),
      TEXTS,
    )
    for (const [n, { number }] of entries.entries()) {
      assert.ok(number > (entries[n - 1]?.number ?? 0))
      assert.deepEqual((await store.revocations.since(number)).entries, entries.slice(n + 1))
    }
  },

  'R32 of many that add at once, whoever reads on misses no entry': async ({ store, other }) => {
    const add = async (adder: number): Promise<void> => {
      const { revocations: log } = adder % 2 === 0 ? store : other
      for (let n = 0; n < ENTRIES; n++) await log.add(`${adder} ${n}`, YEAR_9999)
    }
    let adding = true
    const read = async (): Promise<string[]> => {
      const seen: string[] = []
      let [last, done] = [0, false]
      while (!done) {
        done = !adding
        const { entries } = await store.revocations.since(last)
        for (const { number, text } of entries) {
          assert.ok(number > last)
          last = number
          seen.push(text)
        }
        await sleep(1)
      }
      return seen
    }
    const reading = read()
    await Promise.all(Array.from({ length: ADDERS }, (_, adder) => add(adder)))
    adding = false
    const seen = await reading
    assert.equal(seen.length, ADDERS * ENTRIES)
    assert.equal(new Set(seen).size, ADDERS * ENTRIES)
    for (let adder = 0; adder < ADDERS; adder++) {
      const its = seen.filter((text) => text.startsWith(`${adder} `))
      assert.deepEqual(
        its,
        Array.from({ length: ENTRIES }, (_, n) => `${adder} ${n}`),
      )
    }
  },

  'R32 an entry is kept until it expires, and its number is not used again': async (bench) => {
    const { store, clock } = bench
    await store.revocations.add('short', clock.now() + MINUTE)
    clock.advance(MINUTE - 1)
    await store.sweep?.()
    const before = await store.revocations.since(0)
    assert.deepEqual(
      before.entries.map(({ text }) => text),
      ['short'],
    )
    assert.equal(before.last, before.entries[0]!.number)
    clock.advance(1)
    await store.sweep?.()
    const { last, entries: none } = await store.revocations.since(0)
    assert.deepEqual([last, none], [before.last, []])
    await store.revocations.add('next', clock.now() + MINUTE)
    const { generation, entries } = await store.revocations.since(before.entries[0]!.number)
    assert.equal(generation, before.generation)
    assert.deepEqual(
      entries.map(({ text }) => text),
      ['next'],
    )
  },
}

type HearingStore = UserStore & StoreWith<'changes' | 'revocations'>

/** What is promised to those who listen. */
export const changes: Record<string, StoreCase<HearingStore>> = {
  'R13 whoever listens hears of changes by every instance': async (bench) => {
    const { store, other, clock, patience } = bench
    const heard: StoreChange[] = []
    const stop = store.changes((change) => heard.push(change))
    for (const each of [store, other]) {
      const id = newId()
      const [first, second] = [recordAt(clock), recordAt(clock)]
      const session = { kind: 'session', handle: store.handle(id) } as const
      const hears = async (act: () => MaybePromise<unknown>, expected: StoreChange) => {
        heard.length = 0
        await act()
        await until(() => heard.some((change) => tells(change, expected)), patience)
      }
      await each.create(id, first)
      await hears(() => each.update(id, second, first.version), session)
      await hears(() => each.updateHandle(session.handle, first, second.version), session)
      await hears(() => each.end(id), session)
      await each.create(newId(), recordAt(clock))
      await hears(() => each.revokeUser('ada', markAt(clock)), { kind: 'user', userId: 'ada' })
      await hears(() => each.revocations.add('x', YEAR_9999), { kind: 'revocation' })
      clock.advance(1)
      await each.create(newId(), recordAt(clock))
      const [listed] = await each.ofUser('ada')
      const { handle } = listed!
      await hears(() => each.endHandle(handle), { kind: 'session', handle })
    }
    await stop()
  },

  'R13 whoever stopped listening hears nothing': async ({ store, clock, patience }) => {
    const [stopped, listening]: [StoreChange[], StoreChange[]] = [[], []]
    const stop = store.changes((change) => stopped.push(change))
    const stopOther = store.changes((change) => listening.push(change))
    await stop()
    const before = stopped.length
    listening.length = 0
    await store.revokeUser('ada', markAt(clock))
    await until(() => listening.length > 0, patience)
    assert.equal(stopped.length, before)
    await stopOther()
  },
}

const YEAR_9999 = Date.UTC(9999, 11, 31)
const TEXTS = [
  '{"s":"a"}',
  '',
  'ü🧪\n\u2028',
  "'; DROP TABLE symbolon_revocations; --",
  '{"s":"a"}',
]

/** A gap tells that anything may have changed. */
function tells(heard: StoreChange, expected: StoreChange): boolean {
  return heard.kind === 'gap' || JSON.stringify(heard) === JSON.stringify(expected)
}

async function until(condition: () => boolean, patience: number): Promise<void> {
  for (let waited = 0; !condition(); waited += LOOK_EVERY_MS) {
    assert.ok(waited < patience, 'the store tells of the change')
    await sleep(LOOK_EVERY_MS)
  }
}
