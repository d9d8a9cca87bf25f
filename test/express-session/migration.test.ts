import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idIn, idOf, oldCookie, sessionCookie } from './client.ts'
import { Kit } from './kit.ts'
import { EXPRESS_VERSIONS, OTHER_SECRET, OURS, SECRET, THEIRS } from './subjects.ts'

const { express } = EXPRESS_VERSIONS[1]!
const ours = new Kit(OURS, express)
const theirs = new Kit(THEIRS, express)

const visit = (req: any, res: any): void => {
  if (req.query.login) req.session.passport = { user: req.query.login }
  if (req.query.set) req.session[req.query.set] = true
  res.json({ id: req.session.id, auth: req.auth ?? null, data: { ...req.session, cookie: 0 } })
}

const isToken = (cookie: string | undefined): boolean =>
  cookie?.startsWith('connect.sid=ey') ?? false

describe('R43 old cookies', () => {
  test('are read, keep their id, and are replaced by a token', async (t) => {
    const store = new THEIRS.session.MemoryStore()
    const before = await theirs.serve(t, { options: { store }, handler: visit })
    const after = await ours.serve(t, { options: { store }, handler: visit })
    const old = sessionCookie(await before.get('/?login=alice'))
    const reply = await after.get('/', { cookie: old })
    const { id, auth } = JSON.parse(reply.body)
    assert.equal(id, idIn(old))
    assert.deepEqual(auth, { sub: 'alice' })
    const token = sessionCookie(reply)
    assert.ok(isToken(token))
    assert.equal(idIn(token), id)
    const second = JSON.parse((await after.get('/', { cookie: token })).body)
    assert.deepEqual([second.id, second.auth], [id, { sub: 'alice' }])
    assert.deepEqual(second.data.passport, { user: 'alice' })
    const third = JSON.parse((await after.get('/', { cookie: old })).body)
    assert.deepEqual(third.auth, { sub: 'alice' })
  })

  test('of another secret, or changed, are not believed', async (t) => {
    const { get, store } = await ours.serve(t, { handler: visit })
    const id = 'x'.repeat(32)
    store.sessions[id] = JSON.stringify({ cookie: {}, name: 'Ada' })
    const good = oldCookie(id)
    const bad = [
      oldCookie(id, OTHER_SECRET),
      good.slice(0, -1),
      `${good}A`,
      good.replace('xx', 'xy'),
    ]
    assert.equal(JSON.parse((await get('/', { cookie: good })).body).data.name, 'Ada')
    for (const cookie of bad) {
      assert.equal(JSON.parse((await get('/', { cookie })).body).data.name, undefined, cookie)
    }
  })

  test('of any id that an earlier genid gave', async (t) => {
    const { get, store } = await ours.serve(t, { handler: visit })
    for (const id of ['7', 'user:7:abc', 'a/b', 'ünï']) {
      store.sessions[id] = JSON.stringify({ cookie: {}, name: 'Ada' })
      const token = sessionCookie(await get('/', { cookie: oldCookie(id) }))
      assert.equal(JSON.parse((await get('/', { cookie: token })).body).data.name, 'Ada', id)
    }
  })

  test('wait for an answer that no shared cache keeps', async (t) => {
    const { get, store } = await ours.serve(t, {
      handler(req, res) {
        res.setHeader('Cache-Control', req.query.caching)
        res.end()
      },
    })
    store.sessions['x'.repeat(32)] = JSON.stringify({ cookie: {} })
    const cookie = oldCookie('x'.repeat(32))
    assert.deepEqual((await get('/?caching=public', { cookie })).cookies, [])
    assert.ok(isToken(sessionCookie(await get('/?caching=private', { cookie }))))
  })

  test('count only without a token', async (t) => {
    const { get, store } = await ours.serve(t, { handler: visit })
    const token = sessionCookie(await get('/?set=a'))
    store.sessions['x'.repeat(32)] = JSON.stringify({ cookie: {} })
    const both = `${oldCookie('x'.repeat(32))}; ${token}`
    assert.equal(JSON.parse((await get('/', { cookie: both })).body).id, idIn(token))
  })
})

describe("R43 migrate: { write: 'old' }", () => {
  const options = { migrate: { write: 'old' } }

  test('writes what express-session reads, and reads what it writes', async (t) => {
    const store = new THEIRS.session.MemoryStore()
    const old = await theirs.serve(t, { options: { store }, handler: visit })
    const first = await ours.serve(t, { options: { store, ...options }, handler: visit })
    const cookie = sessionCookie(await first.get('/?login=alice'))
    assert.equal(cookie, oldCookie(idIn(cookie)!, SECRET))
    const there = JSON.parse((await old.get('/?set=there', { cookie })).body)
    assert.deepEqual([there.id, there.data.passport], [idIn(cookie), { user: 'alice' }])
    const back = await first.get('/', { cookie })
    const { auth, data } = JSON.parse(back.body)
    assert.deepEqual([auth, data.there], [{ sub: 'alice' }, true])
    assert.deepEqual(back.cookies, [])
  })

  test('reads tokens of the next release, and turns them back', async (t) => {
    const store = new OURS.session.MemoryStore()
    const first = await ours.serve(t, { options: { store, ...options }, handler: visit })
    const next = await ours.serve(t, { options: { store }, handler: visit })
    const token = sessionCookie(await next.get('/?login=alice'))
    assert.ok(isToken(token))
    const reply = await first.get('/', { cookie: token })
    assert.deepEqual(JSON.parse(reply.body).auth, { sub: 'alice' })
    assert.equal(sessionCookie(reply), oldCookie(idIn(token)!))
  })

  test('a login by express-session, without us, is seen by its data', async (t) => {
    const store = new OURS.session.MemoryStore()
    const old = await theirs.serve(t, { options: { store }, handler: visit })
    const first = await ours.serve(t, { options: { store, ...options }, handler: visit })
    const cookie = sessionCookie(await first.get('/?set=cart'))
    await old.get('/?login=alice', { cookie })
    for (let turn = 0; turn < 2; turn++) {
      const { id, auth, data } = JSON.parse((await first.get('/', { cookie })).body)
      assert.deepEqual([id, auth, data.cart], [idIn(cookie), { sub: 'alice' }, true])
    }
  })

  test('R1 a login in a request to us gives a session of express-session a new id', async (t) => {
    const store = new OURS.session.MemoryStore()
    const old = await theirs.serve(t, { options: { store }, handler: visit })
    const next = await ours.serve(t, { options: { store }, handler: visit })
    const cookie = sessionCookie(await old.get('/?set=cart'))
    const reply = await next.get('/?login=alice', { cookie })
    assert.notEqual(idOf(reply), idIn(cookie))
    assert.deepEqual(Object.keys(store.sessions), [idOf(reply)])
  })

  test('R1 a user named before stays unbound only until somebody else logs in', async (t) => {
    const store = new OURS.session.MemoryStore()
    const old = await theirs.serve(t, { options: { store }, handler: visit })
    const next = await ours.serve(t, { options: { store }, handler: visit })
    const cookie = sessionCookie(await old.get('/?login=alice'))
    const reply = await next.get('/?login=bob', { cookie })
    assert.notEqual(idOf(reply), idIn(cookie))
    assert.deepEqual(Object.keys(store.sessions), [idOf(reply)])
  })
})
