import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import type { SessionEvent } from '../../src/events.ts'
import { sessionHash } from '../../src/session-names.ts'
import type { Store } from '../../src/session/record.ts'
import type { CreateSessionsOptions } from '../../src/create-options.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Browser } from '../support/browser.ts'
import { markingStore } from '../support/marking-store.ts'
import { faulty, slow } from '../support/stores.ts'

interface User {
  id: string
  roles: string[]
}

type UserStore = Required<Omit<Store, 'changes'>>
type Options = Partial<CreateSessionsOptions<User, any, any>>

const alice: User = { id: 'alice', roles: ['admin'] }
const bob: User = { id: 'bob', roles: [] }
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

function bench(make: (now: () => number) => UserStore, options: Options = {}) {
  const clock = { time: 2_000_000_000_000 }
  const now = (): number => clock.time
  const store = faulty(make(now))
  /** Another process on the same store, whose clock is ahead by so much. */
  const process = (ahead: number, more: Options = {}): Sessions =>
    createSessions<User, any, any>({
      keys: 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe',
      fields: [
        ['id', 'u', 'userId'],
        ['roles', 'r', 'roles'],
      ],
      store,
      now: () => clock.time + ahead,
      ...options,
      ...more,
    })
  const sessions = process(0)
  const logIn = async (user: User = alice, at = sessions): Promise<Browser> => {
    const browser = new Browser(at)
    await browser.request((visit) => visit.session.login(user))
    return browser
  }
  return { sessions, process, store, clock, logIn }
}

const KINDS = {
  memory: (now: () => number) => memory({ now }),
  'memory, by promises': (now: () => number) => slow(memory({ now })),
  SQLite: (now: () => number) => sqlite({ file: ':memory:', now }),
  'marks beside the records': (now: () => number) => markingStore(now),
} satisfies Record<string, (now: () => number) => UserStore>

for (const [kind, makeStore] of Object.entries(KINDS)) {
  for (const maxStale of [0, '10s'] as const) {
    describe(`the sessions of a user, on ${kind}, maxStale ${maxStale}`, () => {
      const make = (options: Options = {}) => bench(makeStore, { maxStale, ...options })

      test('SES-29 forUser lists what lives of the user, the last seen first', async () => {
        const { sessions, clock, logIn } = make()
        const phone = await logIn()
        const begun = clock.time
        await phone.request((visit) => void (visit.session['device'] = { name: 'phone' }))
        await logIn(bob)
        await new Browser(sessions).request((visit) => void (visit.session['cart'] = [1]))
        clock.time += 2 * DAY
        const laptop = await logIn()
        const id = await idOf(laptop)
        await (await logIn()).request((visit) => visit.session.logout())
        const [first, second, ...rest] = await sessions.forUser('alice')
        assert.deepEqual(rest, [])
        assert.deepEqual(first?.data, {})
        assert.deepEqual(first?.created, new Date(clock.time))
        assert.deepEqual(second?.data, { device: { name: 'phone' } })
        assert.deepEqual(second?.created, new Date(begun))
        assert.deepEqual(second?.lastSeen, new Date(begun))
        assert.deepEqual(second?.expires, new Date(begun + 14 * DAY))
        clock.time += 1
        await phone.request((visit) => void visit.auth)
        const [used] = await sessions.forUser('alice')
        assert.equal(used?.handle, second?.handle)
        assert.deepEqual(used?.lastSeen, new Date(clock.time))
        for (const { handle } of await sessions.forUser('alice')) {
          assert.notEqual(handle, id)
          assert.ok(!laptop.cookie?.includes(handle))
          const name = laptop.cookie?.split('=')[0]
          assert.equal((await lookWith(sessions, `${name}=${handle}`)).auth, undefined)
        }
        assert.deepEqual(await sessions.forUser('nobody'), [])
      })

      test('SES-29 forUser lists nothing past its idle or absolute end', async () => {
        const { sessions, clock, logIn } = make({ idle: '1d', absolute: '2d' })
        const browser = await logIn()
        for (let days = 0; days < 4; days++) {
          assert.equal((await sessions.forUser('alice')).length, 1)
          clock.time += DAY / 2
          await browser.request((visit) => void visit.auth)
        }
        assert.deepEqual(await sessions.forUser('alice'), [])
      })

      test('SES-26 revoke ends one session', async () => {
        const { sessions, logIn } = make()
        const [one, other] = [await logIn(), await logIn()]
        const handle = await handleOf(sessions, one)
        const signals = [await signalOf(one), await signalOf(other)]
        assert.equal(await sessions.revoke(handle), true)
        assert.equal(await isUser(one), false)
        assert.equal(await isUser(other), true)
        assert.deepEqual(
          signals.map(({ aborted }) => aborted),
          [true, false],
        )
        assert.equal(sessions.counts.ended, 1)
        for (const gone of [handle, '', 'x', await idOf(other)]) {
          assert.equal(await sessions.revoke(gone), false)
        }
      })

      test('SES-26 revokeAll ends all sessions of the user, in every process', async () => {
        const { sessions, process, logIn } = make()
        const other = process(0, { maxStale: 0 })
        const mine = [await logIn(), await logIn(), await logIn(alice, other)]
        const signal = await signalOf(mine[0]!)
        const theirs = await logIn(bob)
        for (const browser of mine) assert.equal(await isUser(browser), true)
        await sessions.revokeAll('alice')
        for (const browser of mine) assert.equal(await isUser(browser), false)
        assert.equal(signal.aborted, true)
        assert.equal(await isUser(theirs), true)
        assert.deepEqual(await sessions.forUser('alice'), [])
        assert.equal(sessions.counts.ended, 3)
      })

      test('SES-26 who logs in after revokeAll, in the same millisecond, stays', async () => {
        const { sessions, logIn } = make()
        const before = await logIn()
        await sessions.revokeAll('alice')
        const after = await logIn()
        assert.equal(await isUser(after), true)
        await before.request((visit) => visit.session.login(alice))
        assert.equal(await isUser(before), true)
        assert.equal((await sessions.forUser('alice')).length, 2)
      })

      test('SES-26 revokeAll spares what it excepts, however that is named', async () => {
        const { sessions, logIn } = make()
        const browsers = [await logIn(), await logIn(), await logIn(), await logIn()]
        const [byId, byHandle] = [await idOf(browsers[0]!), await handleOf(sessions, browsers[1]!)]
        const signal = await signalOf(browsers[0]!)
        await browsers[2]!.request((visit) =>
          sessions.revokeAll('alice', { except: [byId, byHandle, visit.session, 'unknown'] }),
        )
        const living = await Promise.all(browsers.map(isUser))
        assert.deepEqual(living, [true, true, true, false])
        assert.equal(signal.aborted, false)
        await browsers[1]!.request((visit) =>
          sessions.revokeAll('alice', { except: visit.session }),
        )
        assert.deepEqual(await Promise.all(browsers.map(isUser)), [false, true, false, false])
        assert.equal(await isUser(await logIn()), true)
      })

      test('SES-26 a session that logs in and excepts itself in one request lives', async () => {
        const { sessions, logIn } = make()
        const old = await logIn()
        const browser = new Browser(sessions)
        await browser.request(async (visit) => {
          await visit.session.login(alice)
          await sessions.revokeAll('alice', { except: visit.session })
          visit.session['changed'] = true
        })
        assert.equal(await isUser(old), false)
        assert.deepEqual((await browser.look()).data, { changed: true })
      })

      test('SES-26 an exception brings back nothing, and neither do revokeAlls at once', async () => {
        const { sessions, logIn } = make()
        const [one, other] = [await logIn(), await logIn()]
        const names = [await idOf(one), await idOf(other)]
        await Promise.all([
          sessions.revokeAll('alice', { except: names[0]! }),
          sessions.revokeAll('alice', { except: names[1]! }),
          sessions.revokeAll('alice'),
        ])
        assert.deepEqual([await isUser(one), await isUser(other)], [false, false])
        await sessions.revokeAll('alice', { except: names })
        assert.deepEqual([await isUser(one), await isUser(other)], [false, false])
      })

      test('RAC-08 50 requests in flight revive nothing', async () => {
        const { sessions, logIn } = make()
        const browsers = await Promise.all(Array.from({ length: 50 }, () => logIn()))
        const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
        let waiting = 0
        const answers = browsers.map((browser, n) =>
          browser.request(async ({ session }) => {
            session['seen'] = n
            if (++waiting === browsers.length) reached.resolve()
            await gate.promise
            if (n % 3 === 1) await session.save()
            if (n % 3 === 2) await session.update((data) => (data['seen'] = -1))
          }),
        )
        await reached.promise
        await sessions.revokeAll('alice')
        gate.resolve()
        for (const { error, head } of await Promise.all(answers)) {
          assert.equal(error?.code, 'session_ended')
          assert.deepEqual(head.cookies, [])
        }
        assert.deepEqual(await Promise.all(browsers.map(isUser)), Array(50).fill(false))
        assert.deepEqual(await sessions.forUser('alice'), [])
      })

      test('refreshUser gives all sessions fresh claims, and their next requests new tokens', async () => {
        let asked = 0
        const users = new Map([['alice', alice]])
        const user = (id: string): User | undefined => (asked++, users.get(id))
        const { sessions, logIn, clock, store } = make({ user })
        const browsers = [await logIn(), await logIn()]
        const theirs = await logIn(bob)
        await browsers[0]!.request((visit) => void (visit.session['cart'] = [1]))
        users.set('alice', { id: 'alice', roles: ['reader'] })
        clock.time += 1
        await sessions.refreshUser('alice')
        assert.equal(asked, 1)
        const versions = await versionsOf(store)
        await sessions.refreshUser('alice')
        assert.deepEqual(await versionsOf(store), versions)
        for (const browser of browsers) {
          const before = browser.cookie
          await browser.request((visit) => assert.deepEqual(visit.auth?.['roles'], ['reader']))
          assert.notEqual(browser.cookie, before)
          assert.deepEqual(payloadOf(browser)['r'], ['reader'])
        }
        assert.deepEqual((await browsers[0]!.look()).data, { cart: [1] })
        assert.deepEqual(payloadOf(theirs)['r'], [])
        users.delete('alice')
        await sessions.refreshUser('alice')
        assert.deepEqual(await Promise.all(browsers.map(isUser)), [false, false])
      })

      test('RAC-10 refreshUser loses no change of data, and none loses its claims', async () => {
        const user = (): User => ({ id: 'alice', roles: ['reader'] })
        const { sessions, logIn } = make({ user })
        const browser = await logIn()
        const writes = Array.from({ length: 20 }, (_, n) =>
          browser.exchange((visit) => visit.session.update((data) => (data[n] = true))),
        )
        await Promise.all([sessions.refreshUser('alice'), ...writes])
        const { auth, data } = await browser.look()
        assert.equal(Object.keys(data).length, 20)
        assert.deepEqual((auth as { roles: unknown }).roles, ['reader'])
      })
    })
  }
}

describe('the sessions of a user, when clocks differ', () => {
  for (const ahead of [HOUR, -HOUR]) {
    const title = ahead > 0 ? 'an hour ahead' : 'an hour behind'

    test(`RAC-08 a session of a process ${title} ends, and who logs in then stays`, async () => {
      const { sessions, process, logIn, store } = bench(KINDS['marks beside the records'])
      const other = process(ahead)
      // By the mark alone.
      store.failing.add('endHandle')
      for (const [revoking, logging] of [
        [sessions, other],
        [other, sessions],
      ] as const) {
        const old = [await logIn(alice, logging), await logIn(alice, revoking)]
        await revoking.revokeAll('alice')
        for (const browser of old) assert.equal(await isUser(browser), false)
        for (const at of [logging, revoking]) {
          const browser = await logIn(alice, at)
          assert.equal(await isUser(browser), true)
          await browser.request((visit) => void (visit.session['cart'] = [1]))
          assert.equal(await isUser(browser), true)
          await revoking.revokeAll('alice', { except: await idOf(browser) })
          assert.equal(await isUser(browser), true)
        }
      }
    })
  }

  test('R4 R32 no token of a session seems older than the mark that it came after', async () => {
    const user = (id: string): User => ({ id, roles: [String(Math.random())] })
    for (const ahead of [0, 1, 999, 4000, -4000, HOUR, -HOUR]) {
      const { sessions, process, logIn, clock, store } = bench(KINDS.memory, { user })
      clock.time += 400
      await sessions.revokeAll('alice')
      const mark = await store.userMark('alice')
      const since = Math.ceil(mark!.before / 1000)
      const other = process(ahead)
      const browser = await logIn(alice, other)
      assert.ok(Number(payloadOf(browser)['iat']) >= since)
      assert.equal(await isUser(browser), true)
      for (let requests = 0; requests < 8; requests++) {
        clock.time += 1000
        await other.refreshUser('alice')
        const before = browser.cookie
        await browser.request((visit) => void visit.auth)
        assert.notEqual(browser.cookie, before)
        assert.ok(Number(payloadOf(browser)['iat']) >= since)
      }
    }
  })

  test('R4 without a mark tokens are set back, and marks are not asked for longer', async () => {
    const { logIn, clock, store } = bench(KINDS.memory)
    const browser = await logIn()
    assert.equal(payloadOf(browser)['iat'], clock.time / 1000 - 5)
    store.failing.add('userMark')
    clock.time += 10 * MINUTE
    const { head } = await browser.request((visit) => void visit.auth)
    assert.equal(head.error, undefined)
    assert.equal(payloadOf(browser)['iat'], clock.time / 1000 - 5)
  })
})

describe('the sessions of a user, when something is missing or fails', () => {
  test('SES-26 sessions that no index lists end all the same', async () => {
    for (const kind of ['memory', 'marks beside the records'] as const) {
      const hidden = (now: () => number) => ({ ...KINDS[kind](now), ofUser: () => [] })
      const { sessions, logIn } = bench(hidden, { maxStale: '10s' })
      const browsers = [await logIn(), await logIn(), await logIn()]
      for (const browser of browsers) assert.equal(await isUser(browser), true)
      await browsers[2]!.request(({ session }) => sessions.revokeAll('alice', { except: session }))
      assert.deepEqual(await Promise.all(browsers.map(isUser)), [false, false, true])
    }
  })

  test('CRS-07 once the mark is written, it holds whatever fails', async () => {
    const { sessions, logIn, store } = bench(KINDS['memory, by promises'])
    const browsers = [await logIn(), await logIn()]
    store.failing.add('endHandle')
    await sessions.revokeAll('alice')
    for (const browser of browsers) assert.equal(await isUser(browser), false)
  })

  test('CRS-07 before the mark is written nothing is told to have ended', async () => {
    const { sessions, logIn, store } = bench(KINDS['memory, by promises'])
    const browser = await logIn()
    for (const verb of ['ofUser', 'revokeUser'] as const) {
      store.failing.add(verb)
      await assert.rejects(sessions.revokeAll('alice'), { code: 'store_unavailable' })
      store.failing.delete(verb)
    }
    assert.equal(await isUser(browser), true)
    assert.equal(sessions.counts.ended, undefined)
  })

  test('a login fails if the mark cannot be read', async () => {
    const { sessions, store } = bench(KINDS.memory)
    store.failing.add('userMark')
    const browser = new Browser(sessions)
    const { error } = await browser.request((visit) => visit.session.login(alice))
    assert.equal(error?.code, 'store_unavailable')
    assert.equal(browser.cookie, undefined)
    assert.deepEqual(await sessions.forUser('alice'), [])
  })

  test('STO-18 a store that does not know users says so, and everything else goes on', async () => {
    const { read, create, update, touch, end, guarantees } = memory()
    const plain = { read, create, update, touch, end, guarantees } as UserStore
    const { sessions, logIn } = bench(() => plain, { user: () => alice })
    const browser = await logIn()
    const lacking = { code: 'not_supported', message: /it has no handle\(\)/ }
    await assert.rejects(sessions.forUser('alice'), lacking)
    await assert.rejects(sessions.revoke('handle'), lacking)
    await assert.rejects(sessions.revokeAll('alice'), lacking)
    await assert.rejects(sessions.refreshUser('alice'), lacking)
    assert.equal(await isUser(browser), true)
    assert.equal(sessions.counts.store_error, undefined)
  })

  test('R32 R44 neighbours hear one word of many ends, and operators hear of each', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const keys = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const issuer = 'https://app.example'
    const { sessions, store, logIn } = bench(KINDS['marks beside the records'], { keys, issuer })
    const hashes: string[] = []
    for (let logins = 0; logins < 3; logins++) hashes.push(sessionHash(await idOf(await logIn())))
    const heard: SessionEvent[] = []
    const hear = (event: unknown): unknown => heard.push(event as SessionEvent)
    subscribe('symbolon', hear)
    await sessions.revokeAll('alice')
    unsubscribe('symbolon', hear)
    const { entries } = await store.revocations.since(0)
    assert.deepEqual(
      entries.map(({ text }) => JSON.parse(text)[0]),
      ['u'],
    )
    assert.deepEqual(
      heard.map(({ code, session }) => `${code} ${session}`).toSorted(),
      hashes.map((hash) => `ended ${hash}`).toSorted(),
    )
  })

  test('a store that answers with something else has failed', async () => {
    const wrong: Partial<Record<keyof Store, unknown>> = {
      ofUser: [{ handle: 7 }],
      endHandle: 'ok',
      updateHandle: true,
    }
    for (const [member, answer] of Object.entries(wrong)) {
      const broken = { ...memory(), [member]: () => answer } as unknown as UserStore
      const user = (): User => ({ id: 'alice', roles: [] })
      const { sessions, logIn } = bench(() => broken, { user })
      await logIn()
      const failed = { code: 'store_unavailable' }
      if (member === 'endHandle') await assert.rejects(sessions.revoke('x'), failed)
      else await assert.rejects(sessions.refreshUser('alice'), failed)
    }
  })

  test('refreshUser needs the option user, and an answer of the same id', async () => {
    await assert.rejects(bench(KINDS.memory).sessions.refreshUser('alice'), {
      code: 'not_supported',
      message: /option user/,
    })
    const { sessions, logIn } = bench(KINDS.memory, { user: () => bob })
    const browser = await logIn()
    await assert.rejects(sessions.refreshUser('alice'), { code: 'invalid_user' })
    assert.equal(await isUser(browser), true)
  })

  test('an id that no user can have is refused', async () => {
    const { sessions } = bench(KINDS.memory, { user: () => null })
    for (const id of ['', 'a\nb', undefined, null, {}] as never[]) {
      for (const verb of ['forUser', 'revokeAll', 'refreshUser'] as const) {
        await assert.rejects(sessions[verb](id), { code: 'invalid_user' })
      }
    }
    assert.deepEqual(await sessions.forUser(7), [])
  })

  test('R17 a logout that the store has yet to hear of is not listed', async () => {
    const { sessions, logIn, store } = bench(KINDS.memory)
    const browser = await logIn()
    store.failing.add('end')
    const { error } = await browser.request((visit) => visit.session.logout())
    assert.equal(error?.code, 'store_unavailable')
    assert.deepEqual(await sessions.forUser('alice'), [])
    await sessions.close()
  })

  test('STO-16 data that are none are listed as empty', async () => {
    const { sessions, store, clock } = bench(KINDS.memory)
    await store.create('id', {
      version: 'v',
      userId: 'alice',
      claims: '{}',
      data: '[1',
      created: clock.time,
      expires: clock.time + HOUR,
    })
    const [listed] = await sessions.forUser('alice')
    assert.deepEqual(listed?.data, {})
  })
})

async function isUser(browser: Browser): Promise<boolean> {
  return (await browser.look()).auth !== undefined
}

async function idOf(browser: Browser): Promise<string> {
  let id = ''
  await browser.exchange((visit) => void (id = visit.session.id))
  return id
}

async function handleOf(sessions: Sessions, browser: Browser): Promise<string> {
  const name = String(Math.random())
  await browser.request((visit) => void (visit.session['device'] = name))
  const listed = await sessions.forUser('alice')
  return listed.find(({ data }) => data['device'] === name)!.handle
}

async function signalOf(browser: Browser): Promise<AbortSignal> {
  let signal: AbortSignal | undefined
  await browser.exchange((visit) => void (signal = visit.session.signal))
  return signal!
}

async function versionsOf(store: UserStore): Promise<string[]> {
  const listed = await store.ofUser('alice')
  return listed.map(({ record }) => record.version).toSorted()
}

function lookWith(sessions: Sessions, cookie: string): Promise<{ auth: unknown }> {
  const browser = new Browser(sessions)
  const [name, value] = cookie.split('=')
  browser.jar.set(name!, value!)
  return browser.look()
}

function payloadOf(browser: Browser): Record<string, unknown> {
  const [, payload] = browser.cookie!.split('.')
  return JSON.parse(Buffer.from(payload!, 'base64url').toString())
}
