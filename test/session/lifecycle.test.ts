import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Store } from '../../src/session/record.ts'
import type { CreateSessionsOptions } from '../../src/create-options.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Browser } from '../support/browser.ts'
import { faulty, slow } from '../support/stores.ts'

interface User {
  id: string
  name: string
  roles: string[]
}

const alice: User = { id: 'alice', name: 'Alice', roles: ['admin'] }
const bob: User = { id: 'bob', name: 'Bob', roles: [] }
const HOUR = 3_600_000
const DAY = 24 * HOUR

interface Bench {
  readonly sessions: Sessions
  readonly store: ReturnType<typeof faulty>
  readonly clock: { time: number }
  readonly browser: Browser
}

type Now = () => number

function bench(
  make: (now: Now) => Store,
  options: Partial<CreateSessionsOptions<User, any, any>> = {},
): Bench {
  const clock = { time: 2_000_000_000_000 }
  const now: Now = () => clock.time
  const store = faulty(make(now))
  const sessions = createSessions<User, any, any>({
    keys: 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe',
    fields: [
      ['id', 'u', 'userId'],
      ['roles', 'r', 'roles'],
    ],
    store,
    now,
    ...options,
  })
  return { sessions, store, clock, browser: new Browser(sessions) }
}

const loggedIn = async (made: Bench): Promise<Bench> => {
  await made.browser.request((visit) => visit.session.login(alice))
  return made
}

const inMemory = (now: Now): Store => memory({ now })

for (const [kind, create, maxStale] of [
  ['memory', inMemory, 0],
  ['memory, by promises', (now: Now) => slow(memory({ now })), 0],
  ['memory, remembered', inMemory, '10s'],
  ['memory, by promises, remembered', (now: Now) => slow(memory({ now })), '10s'],
  ['SQLite, remembered', (now: Now) => sqlite({ file: ':memory:', now }), '10s'],
] as const) {
  describe(`the life of a session, on ${kind}`, () => {
    const make = (options: Partial<CreateSessionsOptions<User, any, any>> = {}): Bench =>
      bench(create, { maxStale, ...options })

    test('SES-04 SES-05 an anonymous request that stores nothing costs nothing', async () => {
      const { browser, store, sessions } = make()
      const { head } = await browser.request()
      assert.deepEqual(head, {
        cookies: [],
        vary: false,
        cacheControl: undefined,
        error: undefined,
      })
      await browser.request((visit) => void visit.session['absent'])
      assert.deepEqual(store.calls, [])
      assert.deepEqual({ ...sessions.counts }, {})
      assert.equal(browser.cookie, undefined)
    })

    test('CKO-21 CKO-23 what depends on the cookie says so', async () => {
      const { browser } = await loggedIn(make())
      assert.equal((await browser.request()).head.vary, false)
      const { head } = await browser.request((visit) => void visit.auth)
      assert.deepEqual([head.vary, head.cacheControl], [true, 'private'])
      const own = await browser.request((visit) => void visit.auth, { cacheControl: 'public' })
      assert.equal(own.head.cacheControl, undefined)
    })

    test('data set in one request are there in the next', async () => {
      const { browser, store } = make()
      const { head } = await browser.request((visit) => void (visit.session['cart'] = ['apple']))
      assert.equal(head.cookies.length, 1)
      assert.equal(head.cacheControl, 'no-store', 'CKO-20')
      assert.deepEqual(await browser.look(), { auth: undefined, data: { cart: ['apple'] } })
      assert.deepEqual(store.calls, ['create', 'read'])
    })

    test('CKO-17 a session that is only read is not written', async () => {
      const { browser, store } = await loggedIn(make())
      store.calls.length = 0
      const { head } = await browser.request((visit) => void visit.session['absent'])
      assert.deepEqual(head.cookies, [])
      assert.deepEqual(store.calls, ['read'])
    })

    test('SES-06 nested changes, deletions and same values are told apart', async () => {
      const { browser, store } = make()
      await browser.request((visit) => void Object.assign(visit.session, { a: { b: [1] }, c: 1 }))
      const writes = async (change: (session: any) => void): Promise<number> => {
        store.calls.length = 0
        await browser.request((visit) => change(visit.session))
        return store.calls.filter((verb) => verb === 'update').length
      }
      assert.equal(await writes((session) => session.a.b.push(2)), 1)
      assert.equal(await writes((session) => (session.c = 1)), 0)
      assert.equal(await writes((session) => delete session.c), 1)
      assert.deepEqual((await browser.look()).data, { a: { b: [1, 2] } })
      assert.equal(await writes((session) => delete session.a), 1)
      assert.deepEqual((await browser.look()).data, {}, 'SES-07')
    })

    test('SES-10 login: a new id, the user bound, the old id dead, nothing kept unasked', async () => {
      const { browser } = make()
      await browser.request((visit) => void Object.assign(visit.session, { cart: [1], secret: 2 }))
      const before = browser.cookie!
      await browser.request((visit) => visit.session.login(alice, { keep: ['cart', 'absent'] }))
      assert.notEqual(browser.cookie, before)
      assert.deepEqual(await browser.look(), {
        auth: { sub: 'alice', u: 'alice', userId: 'alice', r: ['admin'], roles: ['admin'] },
        data: { cart: [1] },
      })
      const late = await browser.exchange((visit) => void assert.equal(visit.auth, undefined), {
        cookie: before,
      })
      assert.deepEqual(late.head.cookies, [])
    })

    test('SES-11 a fixed anonymous session is not the one that logs in', async () => {
      const { browser, sessions } = make()
      const attacker = new Browser(sessions)
      await attacker.request((visit) => void (visit.session['planted'] = true))
      for (const [name, value] of attacker.jar) browser.jar.set(name, value)
      await browser.request((visit) => visit.session.login(alice))
      assert.equal((await attacker.look()).auth, undefined)
      assert.equal((await browser.look()).data['planted'], undefined)
    })

    test('SES-12 R10 an id whose record is gone is never adopted', async () => {
      const { browser, clock } = await loggedIn(make({ idle: '1h' }))
      const before = browser.cookie
      clock.time += 2 * HOUR
      browser.jar.clear()
      const other = await browser.request((visit) => void (visit.session['a'] = 1), {
        cookie: before!,
      })
      assert.equal(other.head.cookies.length, 1)
      assert.notEqual(browser.cookie, before)
      assert.equal((await browser.look()).auth, undefined)
    })

    test('SES-15 another user keeps nothing of the first', async () => {
      const { browser } = await loggedIn(make())
      await browser.request((visit) => void (visit.session['cart'] = ['of alice']))
      await browser.request((visit) => visit.session.login(bob, { keep: ['cart'] }))
      assert.deepEqual((await browser.look()).data, {})
      await browser.request((visit) => void (visit.session['cart'] = ['of bob']))
      await browser.request((visit) => visit.session.login(bob, { keep: ['cart'] }))
      assert.deepEqual((await browser.look()).data, { cart: ['of bob'] })
    })

    test('SES-14 FLT a login that cannot be stored is no login', async () => {
      for (const verb of ['create', 'end'] as const) {
        const { browser, store } = make()
        await browser.request((visit) => void (visit.session['a'] = 1))
        store.failing.add(verb)
        const outcome = await browser.request((visit) => visit.session.login(alice))
        assert.equal(outcome.error?.code, 'store_unavailable')
        assert.equal(outcome.status, 500)
        assert.ok(outcome.head.cookies.every(({ maxAge }) => maxAge === 0))
        store.failing.clear()
        assert.equal((await browser.look()).auth, undefined)
      }
      const { browser, store } = make()
      store.failing.add('create')
      const outcome = await browser.request((visit) => visit.session.login(alice))
      assert.equal(outcome.status, 500)
      assert.deepEqual(outcome.head.cookies, [])
    })

    test('SES-20 SES-21 logout: record gone, cookie cleared, a replay refused', async () => {
      const { browser, clock } = await loggedIn(make())
      const old = browser.cookie!
      const { head } = await browser.request((visit) => visit.session.logout())
      assert.ok(head.cookies.length === 1 && head.cookies[0]!.maxAge === 0)
      assert.equal(browser.cookie, undefined)
      for (const later of [1000, HOUR, DAY]) {
        clock.time += later
        await browser.exchange((visit) => void assert.equal(visit.auth, undefined), { cookie: old })
      }
    })

    test('CKO-16 SES-32 a logout without a session does nothing', async () => {
      const { browser, store } = make()
      const { head } = await browser.request((visit) => visit.session.logout())
      assert.deepEqual(head.cookies, [])
      assert.deepEqual(store.calls, [])
    })

    test('SES-25 a forged cookie logs nobody out', async () => {
      const { browser } = await loggedIn(make())
      const forged = `${browser.cookie!.slice(0, -4)}AAAA`
      await browser.exchange((visit) => visit.session.logout(), { cookie: forged })
      assert.ok((await browser.look()).auth)
    })

    test('R17 a logout that the store refuses: told, ended here, cookie cleared, tried again', async () => {
      const { browser, store, sessions } = await loggedIn(make())
      const old = browser.cookie!
      const late = await sessions.open({ cookie: old, method: 'GET', navigation: false })
      store.failing.add('end')
      const outcome = await browser.request((visit) => visit.session.logout())
      assert.equal(outcome.error?.code, 'store_unavailable')
      assert.equal(outcome.head.cookies[0]?.maxAge, 0)
      await browser.exchange((visit) => void assert.equal(visit.auth, undefined), { cookie: old })
      assert.equal(sessions.counts.logout_pending, 1)
      assert.equal(late.session.isNew, false)
      late.session['a'] = 1
      assert.equal(
        (await late.commit({ status: 200, cacheControl: undefined })).error?.code,
        'session_ended',
      )
      store.failing.clear()
      await sessions.sweep()
      const fresh = createSessions<User, any, any>({
        keys: 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe',
        store,
      })
      await new Browser(fresh).exchange((visit) => void assert.equal(visit.auth, undefined), {
        cookie: old,
      })
      await sessions.close()
    })

    test('a session can begin again after logout, in the same request', async () => {
      const { browser } = await loggedIn(make())
      await browser.request(async (visit) => {
        await visit.session.logout()
        visit.session['flash'] = 'goodbye'
      })
      assert.deepEqual(await browser.look(), { auth: undefined, data: { flash: 'goodbye' } })
    })

    test('regenerate: a new id, empty, anonymous; keep carries over', async () => {
      const { browser } = await loggedIn(make())
      await browser.request((visit) => void Object.assign(visit.session, { a: 1, b: 2 }))
      await browser.request((visit) => visit.session.regenerate({ keep: ['a'] }))
      assert.deepEqual(await browser.look(), { auth: undefined, data: { a: 1 } })
      const { head } = await browser.request((visit) => visit.session.regenerate())
      assert.equal(head.cookies[0]?.maxAge, 0)
    })

    test('SES-22 idle: the boundary is exact, and use moves it', async () => {
      const { browser, clock } = await loggedIn(make({ idle: '1h' }))
      const use = async (): Promise<unknown> => {
        let auth: unknown
        await browser.request((visit) => void (auth = visit.auth))
        return auth
      }
      clock.time += HOUR - 1
      assert.ok(await use())
      clock.time += HOUR - 1
      assert.ok(await use())
      clock.time += HOUR
      assert.equal(await use(), undefined)
    })

    test('SES-23 SES-24 absolute: no use extends it, only a login begins it anew', async () => {
      const { browser, clock } = await loggedIn(make({ idle: '1h', absolute: '3h' }))
      for (let minutes = 0; minutes < 175; minutes += 25) {
        clock.time += 25 * 60_000
        await browser.request((visit) => void (visit.session['n'] = minutes))
      }
      assert.ok((await browser.look()).auth)
      clock.time += 4 * 60_000
      assert.ok((await browser.look()).auth)
      clock.time += 60_000
      assert.equal((await browser.look()).auth, undefined)
    })

    test('R9 a token past its time is a cache miss: the record decides', async () => {
      const { browser, clock, store } = await loggedIn(make())
      clock.time += DAY
      store.calls.length = 0
      const { head } = await browser.request((visit) => void assert.ok(visit.auth))
      assert.equal(head.cookies.length, 1)
      assert.deepEqual(store.calls, ['read', 'touch'])
      clock.time -= 2 * DAY
      assert.ok((await browser.look()).auth, 'CLM-18 the clock jumped back')
    })

    test('R9 a token older than any record can be costs no store call', async () => {
      const { browser, clock, store } = await loggedIn(make({ idle: '1h' }))
      clock.time += 2 * HOUR
      store.calls.length = 0
      assert.equal((await browser.look()).auth, undefined)
      assert.deepEqual(store.calls, [])
    })

    test('R15 a token is issued again at half its life, not before', async () => {
      const { browser, clock } = await loggedIn(make())
      const issued = async (): Promise<number> =>
        (await browser.request((visit) => void visit.auth)).head.cookies.length
      clock.time += 7.4 * 60_000
      assert.equal(await issued(), 0)
      clock.time += 0.2 * 60_000
      assert.equal(await issued(), 1)
      assert.equal(await issued(), 0)
    })

    test('CKO-22 CKO-24 a mere renewal waits for an answer that nobody shares', async () => {
      const { browser, clock } = await loggedIn(make())
      clock.time += 10 * 60_000
      for (const cacheControl of ['public, max-age=60', 'max-age=60, immutable', 's-maxage=60']) {
        const { head } = await browser.request((visit) => void visit.auth, { cacheControl })
        assert.deepEqual(head.cookies, [])
      }
      assert.deepEqual((await browser.request((visit) => (void visit.auth, 304))).head.cookies, [])
      assert.equal((await browser.request((visit) => void visit.auth)).head.cookies.length, 1)
    })

    test('CKO-19 R17 a 5xx stores no implicit change, but what was awaited holds', async () => {
      const { browser } = make()
      await browser.request((visit) => ((visit.session['a'] = 1), 500))
      assert.equal(browser.cookie, undefined)
      await browser.request((visit) => void (visit.session['a'] = 1))
      await browser.request((visit) => ((visit.session['a'] = 2), 503))
      assert.equal((await browser.look()).data['a'], 1)
      await browser.request(async (visit) => {
        visit.session['a'] = 3
        await visit.session.save()
        return 500
      })
      assert.equal((await browser.look()).data['a'], 3)
      await browser.request(async (visit) => (await visit.session.logout(), 500))
      assert.equal(browser.cookie, undefined)
    })

    test('R3 at a renewal the user is asked for again: fresh claims, or the end', async () => {
      let stored: User | null = { ...alice, roles: ['reader'] }
      const asked: string[] = []
      const made = make({ user: (id: string) => (asked.push(id), stored) })
      const { browser, clock } = await loggedIn(made)
      assert.deepEqual(asked, [])
      clock.time += 10 * 60_000
      await browser.request((visit) => void visit.auth)
      assert.deepEqual(asked, ['alice'])
      assert.deepEqual(((await browser.look()).auth as any).roles, ['reader'])
      stored = null
      clock.time += 10 * 60_000
      const { head } = await browser.request((visit) => void visit.auth)
      assert.equal(head.cookies[0]?.maxAge, 0)
      assert.equal((await browser.look()).auth, undefined)
    })

    test('R5 a renewal that fails costs only the renewal', async () => {
      let fail = false
      const user = (): User => {
        if (fail) throw new Error('database down')
        return alice
      }
      const { browser, clock, sessions } = await loggedIn(make({ user }))
      fail = true
      clock.time += 10 * 60_000
      const { head, status } = await browser.request((visit) => void visit.auth)
      assert.equal(status, 200)
      assert.deepEqual(head.cookies, [])
      assert.equal(sessions.counts.renewal_failed, 1)
      assert.ok((await browser.look()).auth)
    })

    test('R3 without user() the claims of the login stand', async () => {
      const { browser, clock } = await loggedIn(make())
      clock.time += 10 * 60_000
      await browser.request((visit) => void visit.auth)
      assert.deepEqual(((await browser.look()).auth as any).roles, ['admin'])
    })

    test('claims(): beside the fields, for nobody too', async () => {
      const { browser } = make({ claims: (user?: User) => ({ plan: user ? 'paid' : 'free' }) })
      await browser.request((visit) => void (visit.session['a'] = 1))
      let jwt: unknown
      await browser.request((visit) => void (jwt = visit.session.jwt))
      assert.deepEqual(jwt, { plan: 'free' })
      await browser.request((visit) => visit.session.login(alice))
      assert.equal(((await browser.look()).auth as any).plan, 'paid')
    })

    test('an id that is no text of its own is no id', async () => {
      for (const id of ['', 'a\nb', 'x'.repeat(256), '\ud800', undefined, {}, NaN]) {
        const { browser, store } = make()
        const { error } = await browser.request((visit) => visit.session.login({ ...alice, id }))
        assert.equal(error?.code, 'invalid_user')
        assert.deepEqual(store.calls, [])
      }
    })

    test('CKO-05 a cookie that no browser keeps is an error before anything is stored', async () => {
      const { browser, store } = make({
        claims: () => ({ a: 'x'.repeat(1900), b: 'y'.repeat(1900) }),
      })
      const { error, head } = await browser.request((visit) => visit.session.login(alice))
      assert.equal(error?.code, 'cookie_too_large')
      assert.match(error.message, /a \d+, b \d+/)
      assert.deepEqual([head.cookies, store.calls], [[], []])
    })

    test('CKO-05 the same for an anonymous session', async () => {
      const { browser, store } = make({
        claims: () => ({ a: 'x'.repeat(1900), b: 'y'.repeat(1900) }),
      })
      const { error, head } = await browser.request((visit) => void (visit.session['a'] = 1))
      assert.equal(error?.code, 'cookie_too_large')
      assert.deepEqual([head.cookies, store.calls], [[], []])
    })

    test('R1 SES-44 no data and no claim make a user', async () => {
      const { browser } = make()
      await browser.request(
        (visit) =>
          void Object.assign(visit.session, {
            userId: 'root',
            user: alice,
            passport: { user: 'root' },
            auth: alice,
          }),
      )
      assert.equal((await browser.look()).auth, undefined)
    })

    test('save, reload, touch', async () => {
      const { browser } = make()
      await browser.request(async (visit) => {
        const { session } = visit
        assert.equal(session.isNew, true)
        session['a'] = 1
        await session.save()
        assert.equal(session.isNew, false)
        session['a'] = 2
        await session.reload()
        assert.equal(session['a'], 1)
        await session.touch()
        assert.ok(session.expires! > new Date(0))
      })
      assert.equal((await browser.look()).data['a'], 1)
    })

    test('Passport: regenerate and save by callback', async () => {
      const { browser } = make()
      await browser.request(
        (visit) =>
          new Promise<void>((resolve, reject) => {
            visit.session.regenerate((error) => {
              if (error !== undefined) return reject(error)
              visit.session['passport'] = { user: 'alice' }
              visit.session.save((failed) => (failed === undefined ? resolve() : reject(failed)))
            })
          }),
      )
      assert.deepEqual((await browser.look()).data, { passport: { user: 'alice' } })
    })

    test('after the head nothing can begin that needs a cookie', async () => {
      const { browser } = make()
      let late: any
      await browser.request((visit) => void (late = visit.session))
      await assert.rejects(late.login(alice), { code: 'headers_sent' })
      late.a = 1
      await assert.rejects(late.save(), { code: 'headers_sent' })
      await late.logout()
    })

    test('signal: aborts when the session ends', async () => {
      const { browser } = await loggedIn(make())
      let signal: AbortSignal | undefined
      await browser.request((visit) => void (signal = visit.session.signal))
      assert.equal(signal!.aborted, false)
      await browser.request((visit) => visit.session.logout())
      assert.equal(signal!.aborted, true)
    })
  })
}

test('R14 an operation that nobody waited for fails its answer if it fails, and nothing else', async () => {
  const failing = faulty(memory())
  failing.failing.add('create')
  const { browser } = bench(() => slow(failing))
  const outcome = await browser.request((visit) => {
    void visit.session.login(alice)
  })
  assert.equal(outcome.error?.code, 'store_unavailable')
  assert.deepEqual(outcome.head.cookies, [])
})

test('sessionField names the claim of the id', async () => {
  const { browser } = bench(inMemory, { sessionField: 'sid' })
  await browser.request((visit) => void (visit.session['a'] = 1))
  const payload = JSON.parse(Buffer.from(browser.cookie!.split('.')[1]!, 'base64url').toString())
  assert.ok(payload.sid && !payload.sk)
  assert.deepEqual((await browser.look()).data, { a: 1 })
})
