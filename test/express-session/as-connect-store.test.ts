import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asConnectStore } from '../../src/express-session/as-connect-store.ts'
import { ENDED, type Store } from '../../src/session/record.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Clock, MINUTE, newId, recordAt } from '../../src/testing/store-bench.ts'
import { living } from '../../src/testing/store-races.ts'
import { expressSessionApp } from '../support/express-session.ts'
import { OURS, SECRET } from './subjects.ts'

const stores: Record<string, () => Store> = {
  memory: () => memory(),
  sqlite: () => sqlite({ file: ':memory:' }),
}

for (const [kind, make] of Object.entries(stores)) {
  describe(`${kind} as the store of express-session`, () => {
    test('sessions are kept, changed, regenerated and destroyed', async (context) => {
      const store = make()
      const visit = await expressSessionApp(context, asConnectStore(store))
      const id = await visit(undefined, (it) => Object.assign(it, { cart: ['a'] }).id)
      assert.deepEqual(await visit(id, (it) => (it.cart.push('b'), it.cart)), ['a', 'b'])
      assert.deepEqual(await visit(id, (it) => it.cart), ['a', 'b'])
      const next = await visit(
        id,
        (it) => new Promise((resolve) => it.regenerate(() => resolve(it.req.session.id))),
      )
      assert.notEqual(next, id)
      assert.equal(await store.read(id), ENDED)
      assert.notEqual(await visit(id, (it) => it.id), id)
    })

    test('the cookie keeps its attributes, and its end is the last that was set', async (context) => {
      const visit = await expressSessionApp(context, asConnectStore(make()))
      const id = await visit(undefined, (it) => Object.assign(it, { cart: [] }).id)
      const first = await visit(id, (it) => it.cookie)
      const second = await visit(id, (it) => it.cookie)
      for (const cookie of [first, second]) {
        assert.deepEqual([cookie.sameSite, cookie.path], ['strict', '/'])
        assert.equal(cookie.originalMaxAge, 10 * MINUTE)
      }
      assert.ok(first.expires <= second.expires)
    })

    test('a cookie that ends with the browser goes on doing so', async (context) => {
      const store = make()
      const visit = await expressSessionApp(context, asConnectStore(store), {})
      const id = await visit(undefined, (it) => Object.assign(it, { cart: [] }).id)
      assert.equal((await visit(id, (it) => it.cookie)).expires, null)
      assert.ok((await living(store, id)).expires > Date.now() + 23 * 60 * MINUTE)
    })

    test('RAC-01 a slow request does not store a session that was destroyed', async (context) => {
      const store = make()
      const visit = await expressSessionApp(context, asConnectStore(store))
      const id = await visit(undefined, (it) => Object.assign(it, { cart: [] }).id)
      const code = await visit(id, async (it) => {
        await store.end(id)
        it.cart.push('late')
        return new Promise((resolve) => it.save((error: any) => resolve(error?.code)))
      })
      assert.equal(code, 'session_ended')
      assert.equal(await store.read(id), ENDED)
    })

    test('R1 whose a session is stays, whatever express-session writes', async (context) => {
      const store = make()
      const visit = await expressSessionApp(context, asConnectStore(store))
      const [id, record] = [newId(), recordAt(new Clock(), { data: '{"cart":["a"]}' })]
      await store.create(id, record)
      await visit(id, (it) => Object.assign(it, { cart: ['b'], userId: 'mallory', claims: {} }))
      const { userId, claims, created, data } = await living(store, id)
      assert.deepEqual([userId, claims, created], [record.userId, record.claims, record.created])
      assert.deepEqual(JSON.parse(data).cart, ['b'])
    })
  })
}

describe('asConnectStore()', () => {
  test('all of many writers are stored, the last one stands', async () => {
    const store = memory()
    const foreign = asConnectStore(store)
    const id = newId()
    const cookie = { expires: new Date(Date.now() + MINUTE), originalMaxAge: MINUTE }
    const errors = await Promise.all(
      Array.from(
        { length: 20 },
        (_, n) =>
          new Promise((resolve) =>
            foreign.set(id, { cookie, n }, (error) => resolve(error ?? undefined)),
          ),
      ),
    )
    assert.deepEqual(errors, Array(20).fill(undefined))
    assert.equal(typeof JSON.parse((await living(store, id)).data).n, 'number')
  })

  test('the middleware says so where a store of ours is given without it', () => {
    const session = (store: unknown): unknown => OURS.session({ secret: SECRET, store })
    assert.throws(() => session(memory()), { code: 'invalid_option', message: /asConnectStore/ })
    session(asConnectStore(memory()))
  })

  test('failures of the store are told', async () => {
    const failure = new Error('the disk is on fire')
    const broken: Store = {
      ...memory(),
      read: () => Promise.reject(failure),
      touch: () => {
        throw failure
      },
    }
    const foreign = asConnectStore(broken)
    const session = { cookie: { expires: new Date() } }
    for (const ask of [
      (tell: (error?: unknown) => void) => foreign.get('a', tell),
      (tell: (error?: unknown) => void) => foreign.set('a', session, tell),
      (tell: (error?: unknown) => void) => foreign.touch?.('a', session, tell),
    ]) {
      assert.equal(await new Promise((resolve) => void ask(resolve)), failure)
    }
  })
})
