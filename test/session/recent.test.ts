import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ENDED,
  type SessionRecord,
  type Store,
  type StoreChange,
} from '../../src/session/record.ts'
import type { CreateSessionsOptions } from '../../src/create-options.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { type StoreProbe, probe } from '../../src/testing/store-probe.ts'
import { Browser, type RequestOptions } from '../support/browser.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
const alice = { id: 'alice' }
const SECOND = 1000
const folder = mkdtempSync(join(tmpdir(), 'symbolon-'))
after(() => rmSync(folder, { recursive: true, force: true }))

type Options = Partial<CreateSessionsOptions<any, any, any>>
type Visit = Parameters<Parameters<Browser['request']>[0] & {}>[0]

interface Bench {
  readonly clock: { time: number }
  readonly store: StoreProbe
  /** Of the process under test. */
  readonly sessions: Sessions
  readonly browser: Browser
  /** The same browser at another process. */
  readonly elsewhere: Browser
  /** Who the user is, for a request with the browser's cookie. */
  auth: (options?: RequestOptions) => Promise<string | undefined>
}

/** Two processes on one store that tells nobody of changes; alice is logged in. */
async function start(
  way: 'at once' | 'later',
  options: Options = {},
  create: (now: () => number) => Store = (now) => memory({ now }),
): Promise<Bench> {
  const clock = { time: 2_000_000_000_000 }
  const now = (): number => clock.time
  const records = create(now)
  const store = probe(records, way)
  const common = { keys, fields: ['id'], now, ...options }
  const sessions = createSessions<any, any, any>({ maxStale: '10s', store, ...common })
  const browser = new Browser(sessions)
  await browser.request((visit) => visit.session.login(alice))
  const elsewhere = new Browser(createSessions({ ...common, store: probe(records, way) }))
  for (const [name, value] of browser.jar) elsewhere.jar.set(name, value)
  store.calls.length = 0
  return {
    clock,
    store,
    sessions,
    browser,
    elsewhere,
    auth: (request) => authOf(browser, request),
  }
}

async function authOf(browser: Browser, request?: RequestOptions): Promise<string | undefined> {
  let sub: string | undefined
  await browser.exchange((visit) => void (sub = visit.auth?.sub), request)
  return sub
}

const logout = (visit: Visit): Promise<void> => visit.session.logout()
const set =
  (data: object) =>
  (visit: Visit): void =>
    void Object.assign(visit.session, data)

for (const way of ['at once', 'later'] as const) {
  describe(`maxStale, the store answers ${way}`, () => {
    test('R13 the store is asked for one session once in maxStale', async () => {
      const { auth, store, clock } = await start(way)
      for (let n = 0; n < 100; n++) assert.equal(await auth(), 'alice')
      assert.deepEqual(store.calls, ['read'])
      clock.time += 10 * SECOND - 1
      await auth()
      assert.deepEqual(store.calls, ['read'])
      clock.time += 1
      await Promise.all(Array.from({ length: 100 }, () => auth()))
      assert.deepEqual(store.calls, ['read', 'read'])
    })

    test('R13 by default every request asks, and nobody listens', async () => {
      const listens = (): never => assert.fail('nothing is remembered that a change could concern')
      const create = (now: () => number): Store => memory({ now })
      const { auth, store } = await start(way, { maxStale: 0 }, create)
      store.changes = listens
      for (let n = 0; n < 100; n++) await auth()
      assert.equal(store.calls.length, 100)
      createSessions({ keys, store })
    })

    test('R13 HEAD and OPTIONS change nothing either; all other methods ask', async () => {
      const { auth, store } = await start(way)
      for (const method of ['GET', 'HEAD', 'OPTIONS']) await auth({ method })
      assert.equal(store.calls.length, 1)
      const others = ['POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'TRACE', 'get', '', 'QUERY']
      for (const method of others) await auth({ method })
      assert.equal(store.calls.length, 1 + others.length)
    })

    test('CCH-05 SES-20 what ends in this process has ended at once', async () => {
      const ends: Record<string, (visit: Visit) => unknown> = {
        logout,
        destroy: (visit) => visit.session.destroy(),
        regenerate: (visit) => visit.session.regenerate(),
        login: (visit) => visit.session.login(alice),
      }
      for (const [name, end] of Object.entries(ends)) {
        const { auth, browser } = await start(way)
        const cookie = browser.cookie!
        await auth()
        await browser.request(end)
        assert.equal(await auth({ cookie }), undefined, name)
      }
    })

    test('CCH-05 a logout in another process: GET sees it after maxStale, POST at once', async () => {
      const { auth, elsewhere, clock } = await start(way)
      await auth()
      const cookie = elsewhere.cookie!
      await elsewhere.request(logout)
      clock.time += 10 * SECOND - 1
      assert.equal(await auth(), 'alice')
      assert.equal(await auth({ method: 'POST', cookie }), undefined)
      assert.equal(await auth(), undefined, 'what the POST found holds for all')
      const other = await start(way)
      await other.auth()
      await other.elsewhere.request(logout)
      other.clock.time += 10 * SECOND
      assert.equal(await other.auth(), undefined)
    })

    test('CCH-10 RAC-12 what this process stored it sees at once', async () => {
      const { browser } = await start(way)
      for (let n = 1; n <= 3; n++) {
        await browser.look()
        await browser.request(set({ n }))
        assert.equal((await browser.look()).data['n'], n)
      }
    })

    test('RAC-04 RAC-01 a change by a record from memory revives nothing', async () => {
      const { auth, browser, elsewhere } = await start(way)
      await auth()
      await elsewhere.request(logout)
      const written = await browser.exchange(set({ late: true }))
      assert.equal(written.error?.code, 'session_ended')
      assert.deepEqual(written.head.cookies, [])
      assert.equal(await auth(), undefined)
    })

    test('RAC-02 nor does a touch, a save, a reload or an update', async () => {
      const late: Record<string, (visit: Visit) => unknown> = {
        touch: (visit) => visit.session.touch(),
        save: (visit) => visit.session.save(),
        reload: (visit) => visit.session.reload(),
        update: (visit) => visit.session.update((data) => (data['n'] = 1)),
      }
      for (const [name, act] of Object.entries(late)) {
        const { auth, browser, elsewhere } = await start(way)
        await auth()
        await elsewhere.request(logout)
        const { error, head } = await browser.exchange(act)
        assert.equal(error?.code, 'session_ended', name)
        assert.deepEqual(head.cookies, [])
        assert.equal(await auth(), undefined, name)
      }
    })

    test('R18 a change by a record from memory is merged into what others stored', async () => {
      const { auth, browser, elsewhere, sessions } = await start(way)
      await auth()
      await elsewhere.request(set({ theirs: 1 }))
      assert.equal((await browser.exchange(set({ ours: 2 }))).status, 200)
      assert.deepEqual((await browser.look()).data, { theirs: 1, ours: 2 })
      assert.equal(sessions.counts.conflict_merged, 1)
    })

    test('R13 RAC-09 update() begins with what is stored, not with what is remembered', async () => {
      const { browser, elsewhere } = await start(way)
      await browser.request(set({ seats: 0 }))
      await browser.look()
      await elsewhere.request(set({ seats: 5 }))
      const seen: number[] = []
      await browser.request((visit) =>
        visit.session.update((data) => {
          seen.push(data['seats'])
          data['seats']--
        }),
      )
      assert.deepEqual(seen, [5])
      assert.deepEqual((await elsewhere.look()).data, { seats: 4 })
    })

    test('R13 reload() asks the store', async () => {
      const { browser, elsewhere } = await start(way)
      await browser.look()
      await elsewhere.request(set({ n: 1 }))
      await browser.request(async (visit) => {
        assert.equal(visit.session['n'], undefined)
        await visit.session.reload()
        assert.equal(visit.session['n'], 1)
      })
    })

    test('R16 a login keeps what is stored, not what is remembered', async () => {
      const { browser, elsewhere } = await start(way)
      await browser.look()
      await elsewhere.request(set({ cart: ['theirs'] }))
      await browser.request((visit) => visit.session.login(alice, { keep: ['cart'] }))
      assert.deepEqual((await browser.look()).data, { cart: ['theirs'] })
    })

    test('R15 no token is issued by a record from memory: not for what has ended', async () => {
      const { auth, browser, elsewhere, clock, store } = await start(way, { tokenLife: '20s' })
      clock.time += 5 * SECOND
      await auth()
      clock.time += 4.9 * SECOND
      await elsewhere.request(logout)
      const crossing = await browser.exchange((visit) => {
        assert.equal(visit.auth?.sub, 'alice', 'within the window')
        clock.time += 0.2 * SECOND
      })
      assert.deepEqual(crossing.head.cookies, [], 'its time came while the handler ran')
      assert.deepEqual(store.calls, ['read'])
      assert.equal(await auth(), undefined, 'a token that is due asks the store')
    })

    test('R15 and of what lives, the next request issues it', async () => {
      const { auth, browser, clock } = await start(way, { tokenLife: '20s' })
      clock.time += 9.9 * SECOND
      await auth()
      clock.time += 0.2 * SECOND
      const { head } = await browser.request((visit) => void visit.auth)
      assert.deepEqual(
        head.cookies.map(({ maxAge }) => maxAge),
        [undefined],
      )
    })

    test('R3 claims that another process renewed are not taken back', async () => {
      const user = { id: 'alice', role: 'reader' }
      const options = { fields: ['id', 'role'], user: () => user }
      const { auth, browser, elsewhere, clock } = await start(way, options)
      clock.time += 7.4 * 60 * SECOND
      await auth()
      user.role = 'admin'
      clock.time += 9 * SECOND
      await elsewhere.request((visit) => void visit.auth)
      const renewed = elsewhere.cookie!
      let role: unknown
      const { head } = await browser.exchange((visit) => void (role = visit.auth?.['role']), {
        cookie: renewed,
      })
      assert.equal(role, 'admin')
      assert.deepEqual(head.cookies, [])
    })

    test('CCH-06 what a request does to its session is not seen by others until it is stored', async () => {
      const { browser } = await start(way)
      await browser.request(set({ cart: { items: ['apple'] } }))
      await browser.look()
      for (let n = 0; n < 3; n++) {
        await browser.exchange((visit) => {
          visit.session['cart'].items.push('stolen')
          assert.throws(() => Object.assign(visit.auth!, { sub: 'root' }), TypeError)
          return 503
        })
      }
      const { data, auth } = await browser.look()
      assert.deepEqual(data, { cart: { items: ['apple'] } })
      assert.equal((auth as { sub: string }).sub, 'alice')
    })

    test('SES-23 a record in memory ends by the clock', async () => {
      const { auth, clock } = await start(way, { idle: '8s', absolute: '8s' })
      await auth()
      clock.time += 8 * SECOND - 1
      assert.equal(await auth(), 'alice')
      clock.time += 1
      assert.equal(await auth(), undefined)
    })

    test('SES-22 unless it was used elsewhere, which the store knows', async () => {
      const { auth, elsewhere, clock } = await start(way, { idle: '5s' })
      clock.time += 2 * SECOND
      await auth()
      clock.time += 1 * SECOND
      await elsewhere.request((visit) => void visit.auth)
      clock.time += 2.1 * SECOND
      assert.equal(await auth({ cookie: elsewhere.cookie! }), 'alice')
    })

    test('in a request by a record from memory a session can begin again after logout', async () => {
      const { auth, browser } = await start(way)
      await auth()
      await browser.request(async (visit) => {
        await visit.session.logout()
        await visit.session.update((data) => (data['flash'] = 'goodbye'))
      })
      assert.deepEqual(await browser.look(), { auth: undefined, data: { flash: 'goodbye' } })
    })

    test('CLM-18 a clock that is set back makes nothing young again', async () => {
      for (const jump of [-1, -3600 * SECOND]) {
        const { auth, elsewhere, clock, store } = await start(way)
        await auth()
        clock.time += jump
        store.calls.length = 0
        for (let n = 0; n < 3; n++) assert.equal(await auth(), 'alice')
        assert.deepEqual(store.calls, ['read'])
        clock.time += jump
        await elsewhere.request(logout)
        assert.equal(await auth(), undefined)
      }
    })

    test('R17 a logout that the store refuses has ended the session in this process', async () => {
      const { auth, browser, sessions, store } = await start(way)
      const cookie = browser.cookie!
      await auth()
      store.failing.add('end')
      const end = store.end.bind(store)
      const meanwhile: Promise<unknown>[] = []
      store.end = (id) => {
        const failing = (async () => end(id))()
        failing.catch(async () => {
          for (let n = 0; n < 20; n++) await Promise.resolve(meanwhile.push(auth({ cookie })))
        })
        return failing
      }
      assert.equal((await browser.request(logout)).error?.code, 'store_unavailable')
      assert.equal(await auth({ cookie }), undefined)
      await new Promise(setImmediate)
      assert.equal((await Promise.all(meanwhile)).length, 20)
      assert.equal(await auth({ cookie }), undefined)
      store.failing.clear()
      await sessions.sweep()
      assert.equal(await auth({ cookie }), undefined)
      await sessions.close()
    })

    test('FLT a read that fails is not remembered', async () => {
      const { auth, browser, store } = await start(way)
      const cookie = browser.cookie!
      const open = async (): Promise<unknown> =>
        browser.exchange(() => 200, { cookie }).catch((error: { code: string }) => error.code)
      store.failing.add('read')
      const codes = await Promise.all([open(), open(), open()])
      assert.deepEqual(new Set(codes), new Set(['store_unavailable']))
      store.failing.clear()
      assert.equal(await auth(), 'alice')
    })

    test('signal: of a session that ended elsewhere within maxStale it aborts too', async () => {
      const { auth, browser, elsewhere } = await start(way)
      await auth()
      await elsewhere.request(logout)
      let aborted: Promise<unknown> | undefined
      await browser.exchange((visit) => {
        const { signal } = visit.session
        assert.equal(signal.aborted, false)
        aborted = once(signal, 'abort')
      })
      await aborted
    })
  })
}

test('CCH-06 a store may go on with the record that it gave', async () => {
  const mine: { record?: SessionRecord } = {}
  const store: Store = {
    ...memory(),
    create: (_, record) => ((mine.record = { ...record }), true),
    read: () => mine.record,
  }
  const sessions = createSessions({ keys, fields: ['id'], store, maxStale: '10s' })
  const browser = new Browser(sessions)
  await browser.request((visit) => visit.session.login(alice))
  await browser.look()
  Object.assign(mine.record!, { userId: 'root', data: '{"of":"root"}' })
  const { auth, data } = await browser.look()
  assert.deepEqual([(auth as { sub: string }).sub, data], ['alice', {}])
})

test('CCH-05 SES-26 who is revoked in this process is so at once, whatever the store tells', async () => {
  const { changes: _, ...store } = memory()
  const sessions = createSessions({ keys, fields: ['id'], store, maxStale: '10s' })
  const ends: Record<string, () => Promise<unknown>> = {
    revokeAll: () => sessions.revokeAll('alice'),
    async revoke() {
      for (const { handle } of await sessions.forUser('alice')) await sessions.revoke(handle)
    },
  }
  for (const [name, end] of Object.entries(ends)) {
    const browser = new Browser(sessions)
    await browser.request((visit) => visit.session.login(alice))
    assert.equal(await authOf(browser), 'alice')
    await end()
    assert.equal(await authOf(browser), undefined, name)
  }
})

describe('a store that tells of changes', () => {
  /** Two sessions of alice and bob each, remembered; and how to tell of a change. */
  async function listening(): Promise<{
    tell: (change: StoreChange) => void
    handleOf: (browser: Browser) => string
    browsers: Record<'alice' | 'bob', Browser>
    sessions: Sessions
    reads: (act: () => unknown) => Promise<string[]>
    stopped: () => boolean
  }> {
    let tell: ((change: StoreChange) => void) | undefined
    const records = memory()
    const store: StoreProbe = {
      ...probe(records, 'later'),
      handle: (id) => records.handle(id),
      changes(hear) {
        tell = hear
        return async () => void (tell = undefined)
      },
    }
    const sessions = createSessions({ keys, fields: ['id'], store, maxStale: '10s' })
    const browsers = { alice: new Browser(sessions), bob: new Browser(sessions) }
    for (const [id, browser] of Object.entries(browsers)) {
      await browser.request((visit) => visit.session.login({ id }))
      await browser.look()
    }
    return {
      tell: (change) => tell!(change),
      handleOf: (browser) => records.handle(idOf(browser)),
      browsers,
      sessions,
      stopped: () => tell === undefined,
      async reads(act) {
        await act()
        const asked: string[] = []
        for (const [id, browser] of Object.entries(browsers)) {
          store.calls.length = 0
          await browser.look()
          if (store.calls.length > 0) asked.push(id)
        }
        return asked
      },
    }
  }

  test('R13 of a session: it is asked for again, and no other', async () => {
    const { tell, handleOf, browsers, reads } = await listening()
    const handle = handleOf(browsers.alice)
    assert.deepEqual(await reads(() => undefined), [])
    assert.deepEqual(await reads(() => tell({ kind: 'session', handle })), ['alice'])
    assert.deepEqual(await reads(() => tell({ kind: 'session', handle: 'of none' })), [])
  })

  test('R13 SES-26 of a user: all their sessions, and of nobody else', async () => {
    const { tell, reads } = await listening()
    assert.deepEqual(await reads(() => tell({ kind: 'user', userId: 'bob' })), ['bob'])
    assert.deepEqual(await reads(() => tell({ kind: 'revocation' })), [])
  })

  test('R13 of a gap: everything', async () => {
    const { tell, reads } = await listening()
    assert.deepEqual(await reads(() => tell({ kind: 'gap' })), ['alice', 'bob'])
  })

  test('R13 it is listened to until the sessions are closed', async () => {
    const { sessions, stopped } = await listening()
    assert.equal(stopped(), false)
    await sessions.close()
    assert.equal(stopped(), true)
  })

  for (const [kind, create] of Object.entries({
    'one memory store': () => {
      const store = memory()
      return [store, store]
    },
    'two connections to an SQLite file': () => {
      const file = join(folder, `${Math.random()}.db`)
      return [sqlite({ file }), sqlite({ file })]
    },
  })) {
    test(`R13 CCH-05 a logout elsewhere is heard of, on ${kind}`, async () => {
      const [here, there] = create() as [Store, Store]
      const options = { keys, fields: ['id'], maxStale: '60s' } as const
      const sessions = createSessions({ ...options, store: here })
      const browser = new Browser(sessions)
      await browser.request((visit) => visit.session.login(alice))
      assert.equal(await authOf(browser), 'alice')
      const cookie = browser.cookie!
      await new Browser(createSessions({ ...options, store: there })).exchange(logout, { cookie })
      let waited = 0
      for (; (await authOf(browser)) !== undefined && waited < 10 * SECOND; waited += 20) {
        await sleep(20)
      }
      assert.equal(await authOf(browser), undefined)
      await sessions.close()
      await there.close?.()
    })
  }
})

function idOf(browser: Browser): string {
  const [token] = browser.jar.values()
  const { sk } = JSON.parse(Buffer.from(token!.split('.')[1]!, 'base64url').toString()) as {
    sk: string
  }
  return sk
}

test('R13 what ended is not remembered as alive, nor as ended', async () => {
  const { auth, browser, elsewhere, store } = await start('later')
  const cookie = browser.cookie!
  await elsewhere.request(logout)
  for (let n = 0; n < 3; n++) assert.equal(await auth({ cookie }), undefined)
  assert.deepEqual(store.calls, ['read', 'read', 'read'])
  assert.equal(await store.read(idOf(browser)), ENDED)
})
