import assert from 'node:assert/strict'
import { ENDED, type SessionRecord, TOMBSTONE_MS } from '../session/record.ts'
import { MINUTE, newId, recordAt, type StoreCase, YEAR_9999 } from './store-bench.ts'

/** Texts that a store must give back unchanged, byte by byte. */
const TEXTS = {
  empty: '{}',
  'other white space and order': '{ "b": 1,\n"a": 1.0,  "a": 2 }',
  'every plane of Unicode': JSON.stringify({
    planes: Array.from({ length: 17 }, (_, plane) => String.fromCodePoint(plane * 0x10000 + 0x41)),
  }),
  'NUL and other controls': JSON.stringify({ controls: '\0\u0001\u001f\u007f\u2028' }),
  'composed and decomposed': '{"\u00e9":"e\u0301"}',
  'emoji of four bytes': '{"👩‍🚀":"🧪"}',
  'SQL and Redis': `{"a":"'; DROP TABLE symbolon_sessions; --","b":"\\\\ % _ * $1 ? :id"}`,
  '64 KiB': JSON.stringify({ long: 'ü'.repeat(32 * 1024) }),
}

/** Ids are opaque: nothing in them is a pattern, a path, a number or a name of something else. */
const ODD_IDS = [
  ['a', 'A', 'aA', 'Aa', 'a ', ' a', 'é', 'e\u0301', 'ß', 'ss', '0', '00', '1e0', 'null'],
  ['', '*', '%', '_', '?', '[a]', '{a}', 'a:b', 'a/b', 'a\\b', '../a', '/etc/passwd', 'C:', '.'],
  ["'", '"', "' OR 1=1 --", '$1', ':id', '\0', 'a\0', 'a\0b', '\r\n', '🧪', 'x'.repeat(1024)],
  ['__proto__', 'constructor', 'toString', 'hasOwnProperty'],
].flat()

/** What each verb promises, one after the other. */
export const contract: Record<string, StoreCase> = {
  'STO-01 an unknown id is not there, for every verb, and stays so': async ({ store, clock }) => {
    for (const id of [newId(), ...ODD_IDS]) {
      assert.equal(await store.read(id), undefined)
      assert.equal(await store.update(id, recordAt(clock), 'v'), 'gone')
      assert.equal(await store.touch(id, clock.now() + MINUTE), false)
      assert.equal(await store.end(id), 'gone')
      assert.equal(await store.end(id, 'v'), 'gone')
      assert.equal(await store.read(id), undefined)
    }
  },

  'STO-01 an expired record is not there, for every verb, and stays so': async (bench) => {
    const { store, clock } = bench
    const id = newId()
    const record = recordAt(clock)
    await store.create(id, record)
    clock.advance(MINUTE)
    assert.equal(await store.read(id), undefined)
    assert.equal(await store.update(id, recordAt(clock), record.version), 'gone')
    assert.equal(await store.touch(id, clock.now() + MINUTE), false)
    assert.equal(await store.end(id, record.version), 'gone')
    assert.equal(await store.read(id), undefined)
  },

  'STO-02 create refuses an id that is taken, and keeps what is there': async ({
    store,
    clock,
  }) => {
    const id = newId()
    const first = recordAt(clock)
    assert.equal(await store.create(id, first), true)
    assert.equal(await store.create(id, recordAt(clock)), false)
    assert.deepEqual(await store.read(id), first)
  },

  'STO-02 create may use an id again once its record has expired': async ({ store, clock }) => {
    const id = newId()
    await store.create(id, recordAt(clock))
    clock.advance(MINUTE)
    const second = recordAt(clock)
    assert.equal(await store.create(id, second), true)
    assert.deepEqual(await store.read(id), second)
  },

  'STO-03 update replaces the whole record, its end too': async ({ store, clock }) => {
    const id = newId()
    const first = recordAt(clock, { userId: undefined })
    await store.create(id, first)
    const second = recordAt(clock, {
      claims: '{"r":[]}',
      data: '{}',
      created: 1,
      expires: YEAR_9999,
    })
    assert.equal(await store.update(id, second, first.version), 'ok')
    assert.deepEqual(await store.read(id), second)
    const third = recordAt(clock, { userId: undefined, expires: clock.now() + 1 })
    assert.equal(await store.update(id, third, second.version), 'ok')
    assert.deepEqual(await store.read(id), third)
    clock.advance(1)
    assert.equal(await store.read(id), undefined)
  },

  'STO-04 end may be repeated': async ({ store, clock }) => {
    const id = newId()
    await store.create(id, recordAt(clock))
    assert.equal(await store.end(id), 'ok')
    assert.equal(await store.end(id), 'gone')
  },

  'STO-05 STO-08 claims, data and user come back byte by byte': async ({ store, clock }) => {
    for (const [name, text] of Object.entries(TEXTS)) {
      const id = newId()
      const first = recordAt(clock, { data: text })
      await store.create(id, first)
      assert.deepEqual(await store.read(id), first, name)
      const second = recordAt(clock, { claims: text, userId: 'Ünï 🧪 %_*\' "' })
      await store.update(id, second, first.version)
      assert.deepEqual(await store.read(id), second, name)
    }
  },

  'STO-06 STO-07 STO-08 ids are opaque text, compared exactly': async ({ store, clock }) => {
    const records = new Map<string, SessionRecord>()
    for (const id of ODD_IDS) {
      records.set(id, recordAt(clock))
      assert.equal(await store.create(id, records.get(id)!), true)
    }
    assert.equal(records.size, ODD_IDS.length)
    for (const [id, record] of records) {
      assert.deepEqual(await store.read(id), record)
      assert.equal(await store.end(id, record.version), 'ok')
      assert.equal(await store.read(id), ENDED)
    }
  },

  'STO-09 a record lives until the millisecond of its end': async ({ store, clock }) => {
    const id = newId()
    const record = recordAt(clock, { expires: clock.now() + 1001 })
    await store.create(id, record)
    clock.advance(1000)
    assert.deepEqual(await store.read(id), record)
    clock.advance(1)
    assert.equal(await store.read(id), undefined)
  },

  'STO-09 a record that has already ended is never there': async ({ store, clock }) => {
    const id = newId()
    await store.create(id, recordAt(clock, { expires: clock.now() }))
    assert.equal(await store.read(id), undefined)
  },

  'STO-10 ends beyond 32 bits and in the year 9999 are kept': async ({ store, clock }) => {
    for (const expires of [clock.now() + 2 ** 31, 2 ** 31 * 1000 + 1, YEAR_9999]) {
      const id = newId()
      const record = recordAt(clock, { expires })
      await store.create(id, record)
      assert.deepEqual(await store.read(id), record)
    }
  },

  'STO-11 touch moves the end later and nothing else': async ({ store, clock }) => {
    const id = newId()
    const record = recordAt(clock)
    await store.create(id, record)
    const expires = record.expires + MINUTE
    assert.equal(await store.touch(id, expires), true)
    assert.deepEqual(await store.read(id), { ...record, expires })
    assert.equal(await store.update(id, recordAt(clock), record.version), 'ok')
  },

  'STO-11 touch never moves the end earlier': async ({ store, clock }) => {
    const id = newId()
    const record = recordAt(clock)
    await store.create(id, record)
    assert.equal(await store.touch(id, record.expires - 1), true)
    assert.equal(await store.touch(id, clock.now() - 1), true)
    assert.deepEqual(await store.read(id), record)
  },

  'STO-14 update and end of another version write nothing': async ({ store, clock }) => {
    const id = newId()
    const first = recordAt(clock)
    await store.create(id, first)
    const second = recordAt(clock)
    await store.update(id, second, first.version)
    for (const seen of [first.version, '', 'x', `${second.version} `]) {
      assert.equal(await store.update(id, recordAt(clock), seen), 'conflict')
      assert.equal(await store.end(id, seen), 'conflict')
    }
    assert.deepEqual(await store.read(id), second)
    assert.equal(await store.end(id, second.version), 'ok')
  },

  'R10 an ended session leaves a tombstone for a minute, whenever it would have expired': async (
    bench,
  ) => {
    const { store, clock } = bench
    for (const expires of [clock.now() + 1, YEAR_9999]) {
      const id = newId()
      const record = recordAt(clock, { expires })
      await store.create(id, record)
      await store.end(id)
      clock.advance(TOMBSTONE_MS - 1)
      assert.equal(await store.read(id), ENDED)
      assert.equal(await store.create(id, recordAt(clock)), false)
      assert.equal(await store.update(id, recordAt(clock), record.version), 'gone')
      assert.equal(await store.touch(id, YEAR_9999), false)
      assert.equal(await store.end(id), 'gone')
      assert.equal(await store.read(id), ENDED)
      clock.advance(1)
      assert.equal(await store.read(id), undefined)
      assert.equal(await store.create(id, recordAt(clock)), true)
    }
  },

  'R13 what is kept cannot be reached through the objects given and taken': async (bench) => {
    const { store, clock } = bench
    const id = newId()
    const given = { ...recordAt(clock) }
    const record = { ...given }
    await store.create(id, given)
    given.userId = 'mallory'
    const taken = (await store.read(id)) as { userId: string }
    assert.ok(!Reflect.set(taken, 'userId', 'mallory') || taken.userId === 'mallory')
    assert.deepEqual(await store.read(id), record)
  },
}
