import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Store } from '../../src/session/record.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { Browser } from './browser.ts'

const alice = { id: 'alice' }
const bob = { id: 'bob' }
const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'

/** A request that has been opened and goes on only when told to. */
function gate(): { wait: Promise<void>; go: () => void } {
  let go = (): void => {}
  const wait = new Promise<void>((resolve) => (go = resolve))
  return { wait, go }
}

/** What requests that run at the same time may do to each other, on an empty store for each test. */
export function testConcurrency(
  kind: string,
  store: () => Store,
  { logouts = 10_000, increments = 100, maxStale = 0 } = {},
): void {
  describe(`concurrent requests of one session on ${kind}`, () => {
    const make = (): Sessions => createSessions({ keys, fields: ['id'], store: store(), maxStale })
    const start = async (): Promise<{ sessions: Sessions; browser: Browser }> => {
      const sessions = make()
      const browser = new Browser(sessions)
      await browser.request((visit) => visit.session.login(alice))
      return { sessions, browser }
    }

    test('RAC-01 RAC-02 RAC-03 logout against slow requests: no survivor', async () => {
      const sessions = make()
      let survivors = 0
      let issued = 0
      const rounds = Array.from({ length: logouts }, async (_, round) => {
        const browser = new Browser(sessions)
        await browser.request((visit) => visit.session.login(alice))
        const { cookie } = browser
        const { wait, go } = gate()
        const slowRequest = browser.exchange(async (visit) => {
          assert.ok(visit.auth)
          await wait
          if (round % 3 === 0) visit.session['late'] = round
          if (round % 3 === 1) await visit.session.touch().catch(() => {})
        })
        const logout = browser.exchange((visit) => visit.session.logout())
        if (round % 2 === 0) await logout
        go()
        const [late, out] = await Promise.all([slowRequest, logout])
        if (round % 2 === 0 && late.head.cookies.length > 0) issued++
        if (round % 6 === 0) assert.equal(late.error?.code, 'session_ended')
        browser.receive(out)
        browser.receive(late)
        for (const header of [cookie, browser.cookie]) {
          const replay = new Browser(sessions)
          await replay.exchange((visit) => void (visit.auth && survivors++), { cookie: header! })
        }
      })
      await Promise.all(rounds)
      assert.deepEqual({ survivors, issued }, { survivors: 0, issued: 0 })
    })

    test('R18 RAC-10 20 concurrent changes of different properties: all kept', async () => {
      const { browser } = await start()
      const { wait, go } = gate()
      const requests = Array.from({ length: 20 }, (_, index) =>
        browser.exchange(async (visit) => {
          const { session } = visit
          await wait
          session[`key${index}`] = index
        }),
      )
      await Promise.resolve()
      go()
      for (const { status } of await Promise.all(requests)) assert.equal(status, 200)
      const { data } = await browser.look()
      assert.equal(Object.keys(data).length, 20)
    })

    test('RAC-09 64 writers that increment through update(): the sum is exact', async () => {
      const { browser } = await start()
      const writers = Array.from({ length: 64 }, async () => {
        for (let n = 0; n < increments; n++) {
          await browser.exchange((visit) =>
            visit.session.update((data) => (data['n'] = (data['n'] ?? 0) + 1)),
          )
        }
      })
      await Promise.all(writers)
      assert.equal((await browser.look()).data['n'], 64 * increments)
    })

    test('RAC-11 one property changed twice: the later write stands, and an event says so', async () => {
      const { browser, sessions } = await start()
      const { wait, go } = gate()
      const first = browser.exchange(async (visit) => {
        const { session } = visit
        await wait
        session['a'] = 'late'
      })
      await browser.exchange((visit) => void (visit.session['a'] = 'early'))
      go()
      await first
      assert.equal((await browser.look()).data['a'], 'late')
      assert.equal(sessions.counts.conflict_overwritten, 1)
    })

    test('R18 never across a change of the bound user', async () => {
      const sessions = make()
      const browser = new Browser(sessions)
      await browser.request((visit) => void (visit.session['a'] = 1))
      const { wait, go } = gate()
      const late = browser.exchange(async (visit) => {
        const { session } = visit
        await wait
        session['ofNobody'] = true
      })
      await browser.request((visit) => visit.session.login(bob, { keep: ['a'] }))
      go()
      const outcome = await late
      assert.equal(outcome.status, 409)
      assert.deepEqual(outcome.head.cookies, [])
      assert.deepEqual((await browser.look()).data, { a: 1 })
    })

    test('R10 RAC-05 a late request of an ended session cannot undo a login or start a third', async () => {
      const { browser } = await start()
      const old = browser.cookie!
      await browser.request((visit) => visit.session.login(bob))
      const read = await browser.exchange((visit) => void assert.equal(visit.auth, undefined), {
        cookie: old,
        navigation: true,
      })
      assert.deepEqual(read.head.cookies, [])
      const write = await browser.exchange((visit) => void (visit.session['a'] = 1), {
        cookie: old,
      })
      assert.equal(write.error?.code, 'session_ended')
      assert.deepEqual(write.head.cookies, [])
      const out = await browser.exchange((visit) => visit.session.logout(), { cookie: old })
      assert.deepEqual(out.head.cookies, [])
      assert.ok((await browser.look()).auth)
    })

    test('RAC-07 two logins at once on one anonymous session: two sessions, none mixed', async () => {
      const sessions = make()
      const browser = new Browser(sessions)
      await browser.request((visit) => void (visit.session['cart'] = 1))
      const users = [alice, bob]
      const outcomes = await Promise.all(
        users.map((user) =>
          browser.exchange((visit) => visit.session.login(user, { keep: ['cart'] })),
        ),
      )
      for (const [index, outcome] of outcomes.entries()) {
        const mine = new Browser(sessions)
        mine.receive(outcome)
        assert.equal(((await mine.look()).auth as any).sub, users[index]!.id)
      }
    })

    test('RAC-06 two regenerations at once: one carries over, the other is told', async () => {
      const { browser } = await start()
      await browser.request((visit) => void (visit.session['cart'] = 1))
      const outcomes = await Promise.all(
        [1, 2].map(() => browser.exchange((visit) => visit.session.regenerate({ keep: ['cart'] }))),
      )
      const codes = new Set(outcomes.map(({ error }) => error?.code))
      assert.deepEqual(codes, new Set(['session_ended', undefined]))
    })

    test('R16 a login keeps what was stored last, though it changed meanwhile', async () => {
      const { browser } = await start()
      await browser.request((visit) => void (visit.session['cart'] = ['a']))
      const { wait, go } = gate()
      const login = browser.exchange(async (visit) => {
        const { session } = visit
        await wait
        await session.login(alice, { keep: ['cart'] })
      })
      await browser.exchange((visit) => void (visit.session['cart'] = ['a', 'b']))
      go()
      browser.receive(await login)
      assert.deepEqual((await browser.look()).data, { cart: ['a', 'b'] })
    })

    test('RAC-17 expiry between read and write: told, nothing revived', async () => {
      const { browser, sessions } = await start()
      const outcome = await browser.request(async (visit) => {
        visit.session['a'] = 1
        await new Browser(sessions).exchange((other) => other.session.logout(), {
          cookie: browser.cookie!,
        })
      })
      assert.equal(outcome.error?.code, 'session_ended')
      assert.equal((await browser.look()).auth, undefined)
    })
  })
}
