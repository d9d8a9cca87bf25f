import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, type ConnectStore } from '../../src/stores/connect.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'
import { living } from '../../src/testing/store-races.ts'
import { synchronousStore } from '../support/express-session.ts'

type Callback = (error?: unknown, answer?: unknown, ...more: unknown[]) => void

/** What a store does with an answer: error or value, by callback or whatever it returns. */
type Manner = (error: Error | undefined, value: unknown, callback: Callback) => unknown

const later = (act: () => void): void => void setImmediate(act)
const failure = new Error('the disk is on fire')

/** Each of these is seen in published stores, or is what one bug makes of them. */
const manners: Record<string, Manner> = {
  'by callback, later': (error, value, callback) => later(() => callback(error, value)),
  'by callback, at once': (error, value, callback) => callback(error, value),
  'by callback, with more than was asked for': (error, value, callback) =>
    callback(error, value, { rows: 1 }),
  'by callback, twice': (error, value, callback) => {
    callback(error, value)
    later(() => callback(new Error('again'), 'something else'))
  },
  'by callback, and by a promise of the same': async (error, value, callback) => {
    callback(error, value)
    if (error !== undefined) throw error
    return value
  },
  'by callback, and by a rejection': async (error, value, callback) => {
    callback(error, value)
    throw new Error('unhandled, this would end the process')
  },
  'by callback, and by an exception': (error, value, callback) => {
    callback(error, value)
    throw new Error('after the answer')
  },
  'by callback, after an async method has ended': async (error, value, callback) =>
    later(() => callback(error, value)),
  'by callback, again with what the callback threw': (error, value, callback) => {
    try {
      callback(error, value)
    } catch (thrown) {
      callback(thrown)
    }
  },
}

/** As above, for methods that declare no callback. */
const promises: Record<string, Manner> = {
  'by promise alone': async (error, value) => {
    if (error !== undefined) throw error
    return value
  },
  'by promise, and by a callback it does not declare': async (error, value, callback) => {
    later(() => callback(error, value))
    if (error !== undefined) throw error
    return value
  },
}

describe('answers of stores for express-session', () => {
  for (const [name, manner] of Object.entries(manners)) {
    test(`STO-17 ${name}`, () => holds(callingBack(manner)))
  }
  for (const [name, manner] of Object.entries(promises)) {
    test(`STO-17 ${name}`, () => holds(returning(manner)))
  }

  test('STO-17 nothing found is undefined, null or nothing at all', async () => {
    for (const values of [[], [undefined], [null], [null, undefined], [null, null]]) {
      const store = connect({ ...synchronousStore(), get: (_, callback) => callback(...values) })
      assert.equal(await store.read(newId()), undefined)
    }
  })

  test('STO-17 failures by callback, promise and exception are told', async () => {
    const ways: ((callback: Callback) => unknown)[] = [
      (callback) => callback(failure),
      () => Promise.reject(failure),
      () => {
        throw failure
      },
    ]
    for (const way of ways) {
      const failing = connect({
        get: (_, callback) => way(callback),
        set: () => undefined,
        destroy: () => undefined,
      })
      await assert.rejects(async () => failing.read(newId()), failure)
    }
    const mute = connect({ ...synchronousStore(), get: () => Promise.reject() })
    await assert.rejects(async () => mute.read(newId()), Error)
  })

  test('STO-17 a store that never answers is store_timeout for all that wait, and is asked once', async (context) => {
    let time = 0
    context.mock.method(performance, 'now', () => time)
    context.mock.timers.enable({ apis: ['setTimeout'] })
    let asked = 0
    const store = connect({ ...synchronousStore(), get: () => void asked++ }, { timeout: 100 })
    const [id, record] = [newId(), recordAt(new Clock())]
    const waiting = Promise.allSettled([
      store.create(id, record),
      store.update(id, record, 'v'),
      store.touch(id, record.expires),
      store.end(id),
    ])
    time = 100
    context.mock.timers.tick(100)
    const codes = (await waiting).map((it) => it.status === 'rejected' && it.reason.code)
    assert.deepEqual(codes, Array(4).fill('store_timeout'))
    assert.equal(asked, 1)
  })

  test('STO-20 ENOENT is not found where a session is read, and a failure elsewhere', async () => {
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
    const record = recordAt(new Clock())
    const files = synchronousStore()
    const reading = connect({ ...files, get: (_, callback) => callback(missing) })
    assert.equal(await reading.read(newId()), undefined)
    assert.equal(await reading.create(newId(), record), true)
    const writing = connect({ ...files, set: (_, __, callback) => callback(missing) })
    await assert.rejects(async () => writing.create(newId(), record), missing)
  })

  test('STO-11 a session that is gone when it is touched', async () => {
    const gone = [
      new Error('Unable to find the session to touch'),
      Object.assign(new Error(), { code: 'ENOENT' }),
    ]
    for (const error of gone) {
      const files = synchronousStore()
      const store = connect({ ...files, touch: (_, __, callback) => callback(error) })
      const [id, record] = [newId(), recordAt(new Clock())]
      await store.create(id, record)
      assert.equal(await store.touch(id, record.expires + 1), false)
    }
  })

  test('STO-18 a store without touch is written instead', async () => {
    const store = connect(synchronousStore())
    const [id, record] = [newId(), recordAt(new Clock())]
    await store.create(id, record)
    assert.equal(await store.touch(id, record.expires + 1), true)
    assert.deepEqual(await living(store, id), { ...record, expires: record.expires + 1 })
  })

  test('STO-16 what is no session of express-session is not there', async () => {
    const answers = ['text', 7, true, [], {}, { cookie: 5 }, { cookie: null }, { data: 1 }]
    for (const answer of answers) {
      const store = connect({ ...synchronousStore(), get: (_, callback) => callback(null, answer) })
      assert.equal(await store.read(newId()), undefined)
    }
  })

  test('STO-16 what a store cannot parse is not there, however it says so', async () => {
    const id = newId()
    const files = synchronousStore()
    files.texts.set(id, '{"cookie":{"expires":null},"cart":[1')
    assert.equal(await connect(files).read(id), undefined)
    const telling: ConnectStore = {
      ...files,
      get: async (_, callback) => callback(new SyntaxError('Unexpected end of JSON input')),
    }
    assert.equal(await connect(telling).read(id), undefined)
  })
})

/** Holds every verb against a store that answers so, and a failure. */
async function holds(inManner: InManner): Promise<void> {
  const clock = new Clock()
  const files = synchronousStore()
  const store = connect(inManner(files, undefined), { now: clock.now })
  const [id, first, second] = [newId(), recordAt(clock), recordAt(clock)]
  assert.equal(await store.read(id), undefined)
  assert.equal(await store.create(id, first), true)
  assert.deepEqual(await store.read(id), first)
  assert.equal(await store.update(id, second, first.version), 'ok')
  assert.equal(await store.touch(id, second.expires + 1), true)
  assert.deepEqual(await store.read(id), { ...second, expires: second.expires + 1 })
  await assert.rejects(async () => connect(inManner(files, failure)).read(id), failure)
  assert.equal(await store.end(id), 'ok')
  assert.equal(files.texts.size, 0)
}

type InManner = (files: ConnectStore, error: Error | undefined) => ConnectStore

function callingBack(manner: Manner): InManner {
  return (files, error) => ({
    get: (id, callback) => said(manner, error, callback, (own) => files.get(id, own)),
    set: (id, it, callback) => said(manner, error, callback, (own) => files.set(id, it, own)),
    destroy: (id, callback) => said(manner, error, callback, (own) => files.destroy(id, own)),
  })
}

function returning(manner: Manner): InManner {
  return (files, error) => ({
    get: (...[id, callback]) => said(manner, error, callback, (own) => files.get(id, own)),
    set: (...[id, it, callback]) => said(manner, error, callback, (own) => files.set(id, it, own)),
    destroy: (...[id, callback]) => said(manner, error, callback, (own) => files.destroy(id, own)),
  })
}

function said(
  manner: Manner,
  error: Error | undefined,
  callback: Callback,
  ask: (callback: Callback) => unknown,
): unknown {
  let returned: unknown
  ask((_, value) => {
    returned = manner(error, value, callback)
  })
  return returned
}
