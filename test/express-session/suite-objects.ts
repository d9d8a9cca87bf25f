import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { inherits } from 'node:util'
import { test } from 'node:test'
import type { Kit } from './kit.ts'

/** §1.1, 1.5, 1.6 and 1.4 as far as they need no request. */
export function objects(kit: Kit): void {
  const { session } = kit.subject

  test('1.1 exports the factory with its four classes', () => {
    assert.equal(typeof session, 'function')
    for (const name of ['Store', 'Cookie', 'Session', 'MemoryStore']) {
      assert.equal(typeof session[name], 'function', name)
      assert.equal(session[name].name, name)
    }
    assert.equal(kit.middleware().length, 3)
  })

  test('1.1 Store and MemoryStore can be called, extended and inherited', () => {
    function Called(this: any): void {
      session.Store.call(this, { some: 'option' })
    }
    inherits(Called, session.Store)
    class Extending extends session.Store {}
    class ExtendingMemory extends session.MemoryStore {}
    for (const store of [new (Called as any)(), new Extending(), new ExtendingMemory()]) {
      assert.ok(store instanceof session.Store)
      assert.ok(store instanceof EventEmitter)
      assert.equal(store.listenerCount('connect'), 0)
    }
    const bare = Object.create(session.MemoryStore.prototype)
    session.MemoryStore.call(bare)
    assert.deepEqual({ ...bare.sessions }, {})
  })

  test('1.5 a cookie has defaults, and refuses what is no object', () => {
    const cookie = new session.Cookie()
    assert.deepEqual(
      [cookie.path, cookie.httpOnly, cookie.maxAge, cookie.expires, cookie.originalMaxAge],
      ['/', true, null, null, null],
    )
    assert.throws(() => new session.Cookie('text'), /argument options must be a object/)
    assert.throws(() => new session.Cookie(42), TypeError)
    assert.equal(new session.Cookie(null).path, '/')
  })

  test('1.5 of expires and maxAge the last counts, data is ignored', () => {
    const late = new Date(Date.now() + 60_000)
    const byExpires = new session.Cookie({ maxAge: 5000, expires: late })
    assert.equal(byExpires.expires, late)
    assert.ok(byExpires.originalMaxAge > 50_000)
    const byMaxAge = new session.Cookie({ expires: late, maxAge: 5000 })
    assert.equal(byMaxAge.originalMaxAge, 5000)
    const cookie = new session.Cookie({ data: { path: '/x' }, path: '/y' })
    assert.equal(cookie.path, '/y')
    assert.equal(cookie.data.path, '/y')
  })

  test('1.5 maxAge takes numbers, dates, null, undefined and false', () => {
    const cookie = new session.Cookie()
    const date = new Date(Date.now() + 9000)
    cookie.maxAge = date
    assert.equal(cookie.expires, date)
    for (const none of [null, undefined, false, '']) {
      cookie.maxAge = none
      assert.equal(cookie.expires, none)
      assert.equal(cookie.maxAge, none)
    }
    for (const wrong of ['60000', {}, true]) {
      assert.throws(() => (cookie.maxAge = wrong), /maxAge must be a number or Date/)
    }
    cookie.maxAge = 60_000
    assert.ok(cookie.maxAge <= 60_000 && cookie.maxAge > 59_000)
    assert.ok(Math.abs(cookie.originalMaxAge - 60_000) < 50)
  })

  test('1.5 data and JSON have their members in one order', () => {
    const cookie = new session.Cookie({
      maxAge: 1000,
      secure: true,
      sameSite: 'lax',
      domain: 'a.b',
    })
    const names = ['originalMaxAge', 'partitioned', 'priority', 'expires', 'secure', 'httpOnly']
    assert.deepEqual(Object.keys(cookie.data), [...names, 'domain', 'path', 'sameSite'])
    assert.deepEqual(cookie.toJSON(), cookie.data)
    const kept = ['originalMaxAge', 'expires', 'secure', 'httpOnly', 'domain', 'path', 'sameSite']
    assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(cookie))), kept)
  })

  test('1.5 serializes Expires and never Max-Age, in one order', () => {
    const cookie = new session.Cookie({
      expires: new Date(Date.UTC(2030, 0, 2, 3, 4, 5)),
      domain: 'example.com',
      path: '/app',
      secure: true,
      partitioned: true,
      priority: 'high',
      sameSite: true,
    })
    assert.equal(
      cookie.serialize('sid', 's:a b'),
      'sid=s%3Aa%20b; Domain=example.com; Path=/app; Expires=Wed, 02 Jan 2030 03:04:05 GMT; ' +
        'HttpOnly; Secure; Partitioned; Priority=High; SameSite=Strict',
    )
    const others: [object, RegExp][] = [
      [{ sameSite: 'None' }, /; SameSite=None$/],
      [{ sameSite: 'lax' }, /; SameSite=Lax$/],
      [{ sameSite: 'STRICT' }, /; SameSite=Strict$/],
      [{ priority: 'low' }, /; Priority=Low$/],
      [{ priority: 'Medium' }, /; Priority=Medium$/],
      [{ sameSite: false, httpOnly: false }, /^a=b; Path=\/$/],
    ]
    for (const [options, line] of others) {
      assert.match(new session.Cookie(options).serialize('a', 'b'), line)
    }
  })

  test('1.5 says which attribute is invalid', () => {
    const wrong: [object, string][] = [
      [{ expires: new Date(NaN) }, 'option expires is invalid'],
      [{ expires: 'tomorrow' }, 'option expires is invalid'],
      [{ domain: 'a b' }, 'option domain is invalid'],
      [{ path: '/\n' }, 'option path is invalid'],
      [{ path: '/;a' }, 'option path is invalid'],
      [{ sameSite: 'auto' }, 'option sameSite is invalid'],
      [{ priority: 'top' }, 'option priority is invalid'],
    ]
    for (const [options, message] of wrong) {
      assert.throws(() => new session.Cookie(options).serialize('a', 'b'), {
        name: 'TypeError',
        message,
      })
    }
    assert.throws(() => new session.Cookie().serialize('a b', 'c'), /argument name is invalid/)
  })

  test('1.6 MemoryStore keeps texts, and answers later', async () => {
    const store = new session.MemoryStore()
    assert.equal(Object.getPrototypeOf(store.sessions), null)
    let answered = false
    await new Promise<void>((resolve) => {
      store.set('a', { cookie: {}, n: 1 }, () => {
        answered = true
        resolve()
      })
      assert.equal(answered, false)
    })
    assert.equal(store.sessions.a, '{"cookie":{},"n":1}')
    assert.deepEqual(await ask(store, 'get', 'a'), { cookie: {}, n: 1 })
    assert.equal(await ask(store, 'get', 'b'), undefined)
    assert.equal(await ask(store, 'get', '__proto__'), undefined)
    store.set('c', { cookie: {} })
    store.touch('c', { cookie: {} })
    store.destroy('c')
    store.clear()
    store.all()
  })

  test('1.6 MemoryStore drops what has expired, in get, all and length', async () => {
    const store = new session.MemoryStore()
    const at = (ms: number): object => ({ cookie: { expires: new Date(Date.now() + ms) } })
    await ask(store, 'set', 'old', at(-1000))
    await ask(store, 'set', 'older', at(-5000))
    await ask(store, 'set', 'new', at(60_000))
    assert.equal(await ask(store, 'get', 'old'), undefined)
    assert.equal('old' in store.sessions, false)
    assert.equal(await ask(store, 'length'), 1)
    assert.deepEqual(Object.keys(await ask(store, 'all')), ['new'])
    await ask(store, 'clear')
    assert.equal(await ask(store, 'length'), 0)
  })

  test('1.6 MemoryStore.touch replaces the cookie alone, and revives nothing', async () => {
    const store = new session.MemoryStore()
    await ask(store, 'set', 'a', { cookie: { path: '/' }, n: 1 })
    await ask(store, 'touch', 'a', { cookie: { path: '/x' }, n: 2 })
    assert.deepEqual(JSON.parse(store.sessions.a), { cookie: { path: '/x' }, n: 1 })
    await ask(store, 'touch', 'b', { cookie: {} })
    assert.equal('b' in store.sessions, false)
    await ask(store, 'destroy', 'a')
    assert.equal('a' in store.sessions, false)
  })

  test('1.6 load and createSession make sessions of stored data', async () => {
    const store = new session.MemoryStore()
    const expires = new Date(Date.now() + 60_000)
    const cookie = { originalMaxAge: 99_000, expires, path: '/p' }
    await ask(store, 'set', 'a', { cookie, n: 1, save: 'data', id: 'x', constructor: 'y' })
    const loaded = await ask(store, 'load', 'a')
    assert.ok(loaded instanceof session.Session)
    assert.ok(loaded.cookie instanceof session.Cookie)
    assert.deepEqual([loaded.id, loaded.n, loaded.cookie.path], ['a', 1, '/p'])
    assert.deepEqual(loaded.cookie.expires, expires)
    assert.equal(loaded.cookie.originalMaxAge, 99_000)
    assert.deepEqual(Object.keys(loaded), ['cookie', 'n'])
    assert.equal(await ask(store, 'load', 'b'), undefined)
    assert.throws(() => store.createSession({}, { n: 1 }), /Cannot read prop/)
  })

  test('1.6 a loaded session saves, reloads and destroys itself', async () => {
    const store = new session.MemoryStore()
    await ask(store, 'set', 'a', { cookie: {}, n: 1 })
    const loaded = await ask(store, 'load', 'a')
    loaded.n = 2
    await new Promise((resolve) => loaded.save(resolve))
    assert.equal(JSON.parse(store.sessions.a).n, 2)
    loaded.n = 3
    await new Promise<void>((resolve) => loaded.reload(resolve))
    assert.equal(loaded.req.session.n, 2)
    await new Promise((resolve) => loaded.destroy(resolve))
    assert.deepEqual(Object.keys(store.sessions), [])
    const failed = await new Promise<any>((resolve) => loaded.reload(resolve))
    assert.equal(failed.message, 'failed to load session')
  })

  test('1.4 a new Session takes data but no names of its own, nor their inherited ones', () => {
    const made = new session.Session({ sessionID: 'a' }, { x: 1, touch: 2, id: 3, req: 4 })
    assert.deepEqual(Object.keys(made), ['x'])
    assert.equal(made.id, 'a')
    assert.equal(typeof made.touch, 'function')
    for (const name of ['id', 'req']) {
      const own = Object.getOwnPropertyDescriptor(made, name)!
      assert.deepEqual([own.enumerable, own.writable], [false, false])
    }
    const names: string[] = []
    for (const name in made) names.push(name)
    assert.deepEqual(names, ['x'])
  })
}

function ask(store: any, method: string, ...values: unknown[]): Promise<any> {
  return new Promise((resolve, reject) => {
    store[method](...values, (error: Error | undefined, answer: unknown) =>
      error ? reject(error) : resolve(answer),
    )
  })
}
