import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { Browser } from '../support/browser.ts'
import { faulty, slow } from '../support/stores.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'

async function make(
  data: Record<string, unknown>,
  wrap = (store: ReturnType<typeof faulty>) => store as any,
) {
  const store = faulty(memory())
  const sessions = createSessions({ keys, fields: ['id'], store: wrap(store) })
  const browser = new Browser(sessions)
  await browser.request((visit) => void Object.assign(visit.session, data))
  const open = () => sessions.open({ cookie: browser.cookie, method: 'POST', navigation: false })
  const ok = { status: 200, cacheControl: undefined }
  return { store, sessions, browser, open, ok, data: async () => (await browser.look()).data }
}

for (const [kind, wrap] of [
  ['at once', (store: any) => store],
  ['by promises', slow],
] as const) {
  describe(`session.update(), store answering ${kind}`, () => {
    test('R18 a change that fails on what another request stored loses nothing of it', async () => {
      const { open, ok, data } = await make({ seats: 1 }, wrap)
      const [ours, theirs] = [await open(), await open()]
      await theirs.session.update((draft) => {
        draft['seats']--
        draft['by'] = 'them'
      })
      await theirs.commit(ok)
      const soldOut = ours.session.update((draft) => {
        if (draft['seats'] === 0) throw new Error('sold out')
        draft['seats']--
      })
      await assert.rejects(soldOut, /sold out/)
      await ours.commit(ok)
      assert.deepEqual(await data(), { seats: 0, by: 'them' })
    })

    test('R17 a rejected update is not stored by the commit, nor twice by a retry', async () => {
      const { open, ok, data, store } = await make({ n: 0 }, wrap)
      const visit = await open()
      store.failing.add('update')
      await assert.rejects(
        visit.session.update((draft) => draft['n']++),
        { code: 'store_unavailable' },
      )
      store.failing.clear()
      assert.equal(visit.session['n'], 0)
      await visit.session.update((draft) => draft['n']++)
      await visit.commit(ok)
      assert.deepEqual(await data(), { n: 1 })
    })

    test('what the app changes meanwhile stays', async () => {
      const { open, ok, data } = await make({ n: 0 }, wrap)
      const visit = await open()
      const updating = visit.session.update(async (draft) => {
        await new Promise(setImmediate)
        visit.session['inside'] = 1
        draft['n']++
      })
      visit.session['outside'] = 1
      await updating
      await visit.commit(ok)
      assert.deepEqual(await data(), { n: 1, inside: 1, outside: 1 })
    })

    test('data that cannot be stored leave the session as it was', async () => {
      const { open, ok, data } = await make({ n: 0 }, wrap)
      const visit = await open()
      await assert.rejects(
        visit.session.update((draft) => (draft['m'] = new Map())),
        { code: 'invalid_data' },
      )
      await visit.commit(ok)
      assert.deepEqual(await data(), { n: 0 })
    })

    test('another operation inside it is refused, not waited for without end', async () => {
      const { open, ok, data } = await make({ n: 0 }, wrap)
      const visit = await open()
      const refused = { code: 'not_supported' }
      await assert.rejects(
        visit.session.update(async () => visit.session.login({ id: 'x' })),
        refused,
      )
      await assert.rejects(
        visit.session.update(async () => {
          await new Promise(setImmediate)
          await visit.session.save()
        }),
        refused,
      )
      await visit.commit(ok)
      assert.deepEqual(await data(), { n: 0 })
    })

    test('R18 a save during which the app changes more loses neither', async () => {
      const { open, ok, data } = await make({ n: 0 }, wrap)
      const [ours, theirs] = [await open(), await open()]
      ours.session['a'] = 1
      theirs.session['b'] = 1
      await theirs.commit(ok)
      const saving = ours.session.save()
      ours.session['c'] = 1
      await saving
      await ours.commit(ok)
      assert.deepEqual(await data(), { n: 0, a: 1, b: 1, c: 1 })
    })
  })
}

describe('operations that nobody waits for', () => {
  for (const [kind, wrap] of [
    ['at once', (store: any) => store],
    ['by promises', slow],
  ] as const) {
    test(`R14 a failure fails the answer and not the process, store answering ${kind}`, async () => {
      const { open, ok, store } = await make({ n: 0 }, wrap)
      const visit = await open()
      visit.session['n'] = 1
      store.failing.add('update')
      void visit.session.save()
      const { error, cookies } = await visit.commit(ok)
      assert.equal(error?.code, 'store_unavailable')
      assert.deepEqual(cookies, [])
    })

    test(`a failure that the app heard of is the app's, store answering ${kind}`, async () => {
      const { open, ok, store } = await make({ n: 0 }, wrap)
      const visit = await open()
      store.failing.add('end')
      await visit.session.regenerate().catch(() => {})
      assert.equal((await visit.commit(ok)).error, undefined)
    })
  }

  test('R18 an app that was told of the end makes its own answer', async () => {
    const { open, ok, browser, sessions } = await make({ n: 0 })
    const visit = await open()
    visit.session['n'] = 1
    await new Browser(sessions).exchange((other) => other.session.logout(), {
      cookie: browser.cookie!,
    })
    await assert.rejects(visit.session.save(), { code: 'session_ended' })
    const { error, cookies } = await visit.commit({ ...ok, status: 302 })
    assert.deepEqual([error, cookies], [undefined, []])
  })

  test('R15 a logout while a renewal is under way: nothing is signed for what has ended', async () => {
    let time = 2_000_000_000_000
    const now = (): number => time
    const store = slow(memory({ now }))
    const user = async (): Promise<{ id: string; v: number }> => {
      await new Promise(setImmediate)
      return { id: 'alice', v: time }
    }
    const sessions = createSessions<{ id: string; v: number }, any, any>({
      keys,
      fields: ['id', 'v'],
      user,
      store,
      now,
    })
    const browser = new Browser(sessions)
    await browser.request((visit) => visit.session.login({ id: 'alice', v: 0 }))
    time += 10 * 60_000
    const visit = await sessions.open({ cookie: browser.cookie, method: 'GET', navigation: false })
    assert.ok(visit.auth)
    const { session } = visit
    const committing = visit.commit({ status: 200, cacheControl: undefined })
    const leaving = session.logout()
    const { cookies } = await committing
    await leaving
    for (const { name, value } of cookies) {
      const seen = await sessions.open({
        cookie: `${name}=${value}`,
        method: 'GET',
        navigation: false,
      })
      assert.equal(seen.auth, undefined)
      const { sub, sk } = JSON.parse(Buffer.from(value.split('.')[1]!, 'base64url').toString())
      assert.equal(sub, 'alice')
      assert.equal(
        sk,
        JSON.parse(Buffer.from(browser.cookie!.split('.')[1]!, 'base64url').toString()).sk,
      )
    }
  })

  test('a login that begins after the answer did is told that it is too late', async () => {
    const { open, ok } = await make({ n: 0 }, slow)
    const visit = await open()
    visit.session['n'] = 1
    const committing = visit.commit(ok)
    await assert.rejects(visit.session.login({ id: 'alice' }), { code: 'headers_sent' })
    assert.equal((await committing).error, undefined)
  })
})

test('SES-08 keep: checked before anything ends', async () => {
  for (const value of [1n, new Map(), 'x'.repeat(70_000)]) {
    const { open, ok, browser } = await make({ n: 0 })
    const visit = await open()
    visit.session['m'] = value
    const code = /^invalid_data$|^data_too_large$/
    await assert.rejects(visit.session.login({ id: 'a' }, { keep: ['m'] }), { code })
    delete visit.session['m']
    await visit.commit(ok)
    assert.deepEqual((await browser.look()).data, { n: 0 })
  }
  const { open } = await make({})
  const visit = await open()
  await assert.rejects(visit.session.login({ id: 'a' }, { keep: 'cart' as never }), {
    code: 'invalid_option',
  })
})
