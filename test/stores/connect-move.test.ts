// An app that moves here from express-session, and back: both on one store.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { connect } from '../../src/stores/connect.ts'
import { newId, newVersion, recordAt, Clock } from '../../src/testing/store-bench.ts'
import { living } from '../../src/testing/store-races.ts'
import { expressSessionApp, require } from '../support/express-session.ts'

const { MemoryStore } = require('express-session')

describe('an app of express-session on the store of connect()', () => {
  test('STO-19 what it stored is read and kept, and what is written here it reads', async (context) => {
    const { visit, store } = await start(context)
    const id = await visit(undefined, (it) => {
      it.cart = ['a']
      return it.id
    })
    const read = await living(store, id)
    assert.deepEqual([read.userId, read.data], [undefined, '{"cart":["a"]}'])
    const data = '{"cart":["a","b"]}'
    assert.equal(
      await store.update(id, { ...read, version: newVersion(), data }, read.version),
      'ok',
    )
    const seen = await visit(id, (it) => ({ id: it.id, cart: it.cart, cookie: it.cookie }))
    assert.deepEqual([seen.id, seen.cart], [id, ['a', 'b']])
    assert.equal(new Date(seen.cookie.expires).getTime(), read.expires)
    assert.equal(seen.cookie.sameSite, 'strict', 'as its middleware had stored it')
  })

  test('R18 what it writes over a session of ours is noticed, and the user stays', async (context) => {
    const { visit, store } = await start(context)
    const [id, record] = [newId(), recordAt(new Clock(), { data: '{"cart":["a"]}' })]
    await store.create(id, record)
    await visit(id, (it) => it.cart.push('b'))
    const read = await living(store, id)
    assert.deepEqual([read.userId, read.claims], [record.userId, record.claims])
    assert.equal(read.data, '{"cart":["a","b"]}')
    assert.equal(await store.update(id, record, record.version), 'conflict')
    assert.equal(await store.update(id, record, read.version), 'ok')
  })

  test('R18 what it only reads and touches is the same version', async (context) => {
    const { visit, store } = await start(context)
    const [id, record] = [newId(), recordAt(new Clock())]
    await store.create(id, record)
    assert.deepEqual(await visit(id, (it) => it.cart), [1])
    const { version, expires } = await living(store, id)
    assert.equal(version, record.version)
    assert.ok(expires >= record.expires)
  })

  test('R17 each hears of the logout of the other', async (context) => {
    const { visit, store } = await start(context)
    const [ours, theirs] = [newId(), newId()]
    await store.create(ours, recordAt(new Clock()))
    await store.create(theirs, recordAt(new Clock()))
    await store.end(ours)
    assert.notEqual(await visit(ours, (it) => it.id), ours)
    await visit(theirs, (it) => void it.destroy())
    assert.equal(await store.read(theirs), undefined)
  })
})

async function start(context: TestContext) {
  const shared = new MemoryStore()
  return { visit: await expressSessionApp(context, shared), store: connect(shared) }
}
