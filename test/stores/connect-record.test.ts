import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, type ConnectStore } from '../../src/stores/connect.ts'
import { Clock, MINUTE, newId, recordAt } from '../../src/testing/store-bench.ts'
import { living } from '../../src/testing/store-races.ts'
import { synchronousStore } from '../support/express-session.ts'

const DAY = 86_400_000

describe('what connect() stores', () => {
  test('R1 the form of express-session, and one reserved name beside the data', async () => {
    const { files, store, clock } = start()
    const [id, record] = [newId(), recordAt(clock, { data: '{"cart":[1],"views":2}' })]
    await store.create(id, record)
    const { __symbolon: own, ...session } = JSON.parse(files.texts.get(id)!)
    const expires = new Date(record.expires).toISOString()
    assert.deepEqual(session, {
      cookie: { originalMaxAge: MINUTE, expires, path: '/', httpOnly: true },
      cart: [1],
      views: 2,
    })
    const { version, userId, claims, created } = record
    assert.deepEqual(Object.keys(own).toSorted(), [
      'claims',
      'created',
      'digest',
      'of',
      'userId',
      'version',
    ])
    assert.deepEqual({ ...own, version, userId, claims, created }, own)
    assert.ok(!files.texts.get(id)!.includes(id), 'who reads the text cannot make a cookie of it')
  })

  test('the cookie given to the store answers what stores ask of it', async () => {
    const { files, clock } = start()
    const seen: any[] = []
    const hear = (session: object) => void seen.push((session as any).cookie)
    const store = connect(
      {
        ...files,
        set(id, session, callback) {
          hear(session)
          files.set(id, session, callback)
        },
        touch(_, session, callback) {
          hear(session)
          callback()
        },
      },
      { now: clock.now },
    )
    const [id, record] = [newId(), recordAt(clock)]
    await store.create(id, record)
    await store.touch(id, record.expires + MINUTE)
    for (const [index, cookie] of seen.entries()) {
      const life = (index + 1) * MINUTE
      const expires = new Date(clock.now() + life)
      assert.deepEqual([cookie.expires, cookie['_expires']], [expires, expires])
      assert.deepEqual([cookie.maxAge, cookie.originalMaxAge], [life, life])
      const json = { originalMaxAge: life, expires, path: '/', httpOnly: true }
      assert.deepEqual(cookie.toJSON(), json)
      assert.equal(JSON.stringify(cookie), JSON.stringify(json))
    }
    assert.equal(seen.length, 2)
  })

  test('attributes of the cookie are kept, and new sessions have those of the option', async () => {
    const { files, clock } = start()
    const cookie = { path: '/', secure: true, sameSite: 'none', domain: 'app.example' }
    const store = connect(files, { now: clock.now, cookie: { ...cookie, maxAge: 1 } })
    const [id, record] = [newId(), recordAt(clock)]
    await store.create(id, record)
    await connect(files, { now: clock.now }).update(id, recordAt(clock), record.version)
    const stored = JSON.parse(files.texts.get(id)!).cookie
    const expires = new Date(record.expires).toISOString()
    assert.deepEqual(stored, { ...cookie, originalMaxAge: MINUTE, expires })
  })

  test('STO-05 data of every name and value come back', async () => {
    const { store, clock } = start()
    const data = {
      'names of others': {
        cookie: { a: 1 },
        __symbolon: 'x',
        __lastAccess: 5,
        lastModified: 'now',
      },
      'names of objects': JSON.parse('{"__proto__":{"x":1},"constructor":1,"toString":"t","id":2}'),
      'numbers as names': { 2: 'b', 1: 'a' },
      values: { zero: 0, no: false, nothing: null, text: '', deep: { list: [[], {}, [null]] } },
      'every plane of Unicode': { 'é\u0301🧪': '\0\u2028\ud83d\ude00' },
    }
    for (const [name, value] of Object.entries(data)) {
      const [id, record] = [newId(), recordAt(clock, { data: JSON.stringify(value) })]
      await store.create(id, record)
      const read = await living(store, id)
      assert.deepEqual(JSON.parse(read.data), value, name)
      assert.equal(read.version, record.version, name)
      assert.equal(await store.update(id, recordAt(clock), record.version), 'ok', name)
    }
  })

  test('STO-09 what has ended already is removed, not stored', async () => {
    const { files, store, clock } = start()
    const [id, record] = [newId(), recordAt(clock)]
    await store.create(id, record)
    await store.update(id, recordAt(clock, { expires: clock.now() }), record.version)
    assert.equal(files.texts.size, 0)
  })
})

describe('what connect() reads', () => {
  test("STO-19 a session of express-session is nobody's, with the times of its cookie", async () => {
    const { files, store, clock } = start()
    const id = newId()
    const expires = clock.now() + MINUTE
    const cookie = { originalMaxAge: 3 * MINUTE, expires: new Date(expires), path: '/' }
    files.texts.set(id, JSON.stringify({ cookie, cart: [1], passport: { user: 'ada' } }))
    const { version, ...record } = await living(store, id)
    assert.deepEqual(record, {
      userId: undefined,
      claims: '{}',
      data: '{"cart":[1],"passport":{"user":"ada"}}',
      created: clock.now() - 2 * MINUTE,
      expires,
    })
    assert.equal(version, (await living(store, id)).version)
    assert.equal(await store.update(id, recordAt(clock), version), 'ok')
  })

  test('STO-19 one without an end has a day, or what defaultLife says, and gets an end', async () => {
    const { files, store, clock } = start()
    const id = newId()
    files.texts.set(id, '{"cookie":{"originalMaxAge":null,"expires":null,"path":"/"}}')
    const record = await living(store, id)
    assert.deepEqual([record.created, record.expires], [clock.now(), clock.now() + DAY])
    const brief = connect(files, { now: clock.now, defaultLife: MINUTE })
    assert.equal((await living(brief, id)).expires, clock.now() + MINUTE)
    await store.update(id, recordAt(clock), record.version)
    assert.equal(JSON.parse(files.texts.get(id)!).cookie.originalMaxAge, MINUTE)
  })

  test('R18 what express-session wrote over a record is another version of the same user', async () => {
    const { files, store, clock } = start()
    const [id, record] = [newId(), recordAt(clock, { data: '{"cart":[1]}' })]
    await store.create(id, record)
    const session = JSON.parse(files.texts.get(id)!)
    files.texts.set(id, JSON.stringify({ ...session, cart: [1, 2] }))
    const read = await living(store, id)
    assert.deepEqual(read, { ...record, data: '{"cart":[1,2]}', version: read.version })
    assert.notEqual(read.version, record.version)
    assert.equal(await store.update(id, recordAt(clock), record.version), 'conflict')
    assert.equal(await store.end(id, record.version), 'conflict')
    assert.equal(await store.update(id, recordAt(clock), read.version), 'ok')
  })

  test('R18 what express-session wrote without a change is the same version', async () => {
    const { files, store, clock } = start()
    const [id, record] = [newId(), recordAt(clock)]
    await store.create(id, record)
    const session = JSON.parse(files.texts.get(id)!)
    session.cookie.expires = new Date(record.expires + MINUTE)
    files.texts.set(id, JSON.stringify(session))
    assert.deepEqual(await living(store, id), { ...record, expires: record.expires + MINUTE })
  })

  test('a store that orders names in its own way, or marks sessions, changes no version', async () => {
    const { files, clock } = start()
    const store = connect(
      {
        ...files,
        get: (id, callback) =>
          files.get(id, (error, session) => {
            const names = Object.entries((session as object | null) ?? {}).toReversed()
            const marked = { ...Object.fromEntries(names), lastModified: new Date() }
            callback(error, session && Object.assign(marked, { __lastAccess: 5 }))
          }),
      },
      { now: clock.now },
    )
    const [id, record] = [newId(), recordAt(clock, { data: '{"a":1,"b":{"c":2}}' })]
    await store.create(id, record)
    const { data, ...rest } = await living(store, id)
    assert.deepEqual(
      { ...rest, data: JSON.parse(data) },
      { ...record, data: { a: 1, b: { c: 2 } } },
    )
  })

  test('a store that keeps, changes and inherits the objects it is given', async () => {
    const clock = new Clock()
    const kept = new Map<string, any>()
    const store = connect(
      {
        get: (id, callback) => callback(null, kept.get(id) && Object.create(kept.get(id))),
        set(id, session: any, callback) {
          kept.set(id, session)
          Object.assign(session, { __lastAccess: 1 })
          callback(null, session)
        },
        destroy: (id, callback) => callback(null, kept.delete(id)),
      },
      { now: clock.now },
    )
    const [id, record] = [newId(), recordAt(clock)]
    await store.create(id, record)
    assert.deepEqual(await living(store, id), record)
    const second = recordAt(clock)
    assert.equal(await store.update(id, second, record.version), 'ok')
    assert.deepEqual(await living(store, id), second)
  })

  test('R1 a reserved part of another form is no user', async () => {
    const { files, store, clock } = start()
    const id = newId()
    const cookie = { originalMaxAge: MINUTE, expires: new Date(clock.now() + MINUTE) }
    for (const own of ['ada', { userId: 'ada' }, [], null]) {
      files.texts.set(id, JSON.stringify({ cookie, __symbolon: own }))
      const { userId, data } = await living(store, id)
      assert.deepEqual([userId, data], [undefined, '{}'])
    }
  })

  test('R1 a reserved part that was copied into another session is no user', async () => {
    const { files, store, clock } = start()
    const [id, another] = [newId(), newId()]
    await store.create(id, recordAt(clock))
    files.texts.set(another, files.texts.get(id)!)
    const { userId, claims, data } = await living(store, another)
    assert.deepEqual([userId, claims, data], [undefined, '{}', '{"cart":[1]}'])
  })

  test('R9 an end that was moved without a trace: the store knows', async () => {
    const { files, clock } = start()
    const [id, record] = [newId(), recordAt(clock)]
    const touching: ConnectStore = { ...files, touch: (_, __, callback) => callback() }
    const store = connect(touching, { now: clock.now })
    await store.create(id, record)
    assert.equal(await store.touch(id, record.expires + MINUTE), true)
    assert.equal((await living(store, id)).expires, record.expires + MINUTE)
    clock.advance(MINUTE)
    const elsewhere = connect(touching, { now: clock.now })
    assert.equal((await living(elsewhere, id)).expires, clock.now() + MINUTE)
    assert.equal(await connect(files, { now: clock.now }).read(id), undefined)
  })
})

function start() {
  const files = synchronousStore()
  const clock = new Clock()
  return { files, clock, store: connect(files, { now: clock.now }) }
}
