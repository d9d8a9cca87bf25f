import assert from 'node:assert/strict'
import { memory } from '../stores/memory.ts'
import type { AdapterCase } from './adapter-bench.ts'
import { BOB } from './adapter-routes.ts'
import type { HttpClient } from './http-client.ts'
import { probe } from './store-probe.ts'

const NAME = '__Host-session'
const SET = /^__Host-session=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/
const CLEARED =
  '__Host-session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax'

/** What becomes of a session from request to request. */
export const life: Record<string, AdapterCase> = {
  'SES-04 CKO-23 who does not look at the session causes nothing': async (bench) => {
    const { cookies, headers, body } = await bench.browser().ask('/plain')
    assert.equal(body, 'plain')
    assert.deepEqual(cookies, [])
    assert.equal(headers['vary'], undefined)
    assert.equal(headers['cache-control'], undefined)
    assert.deepEqual(bench.store.calls, [])
  },

  'SES-05 CKO-17 CKO-21 a session that is only read is not written': async (bench) => {
    const browser = bench.browser()
    for (const path of ['/read', '/auth', '/both']) {
      const { cookies, headers } = await browser.ask(path)
      assert.deepEqual(cookies, [])
      assert.equal(headers['vary'], 'Cookie')
      assert.equal(headers['cache-control'], 'private')
    }
    assert.deepEqual(bench.store.calls, [])
    await browser.ask('/count')
    bench.store.calls.length = 0
    assert.deepEqual((await browser.ask('/read')).cookies, [])
    assert.deepEqual(bench.store.calls, ['read'])
  },

  'CKO-01 data last from request to request, under one cookie': async (bench) => {
    const browser = bench.browser()
    const first = await browser.ask('/count')
    assert.equal(first.cookies.length, 1)
    assert.match(first.cookies[0]!, SET)
    assert.equal((await browser.ask('/count')).body, '2')
    const third = await browser.ask('/count')
    assert.equal(third.body, '3')
    assert.deepEqual(third.cookies, [])
    assert.equal((await bench.browser().ask('/read')).body, 'undefined')
  },

  'SES-10 SES-11 login begins a session that nobody knew before': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/count')
    const before = browser.cookie
    const answer = await browser.ask('/login')
    assert.equal(answer.status, 303)
    assert.equal(answer.headers['location'], '/auth')
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.cookies.length, 1)
    assert.match(answer.cookies[0]!, SET)
    assert.notEqual(keyOf(browser), keyIn(before))
    assert.equal((await browser.ask('/both')).body, 'ada undefined')
    const fixated = bench.browser()
    assert.equal((await fixated.ask('/both', { cookie: before })).body, 'undefined undefined')
  },

  'SES-10 login keeps what it is told to, SES-15 but never of another user': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/count')
    await browser.ask('/login-keep')
    assert.equal((await browser.ask('/both')).body, 'ada 1')
    await browser.ask('/login-bob')
    assert.equal((await browser.ask('/both')).body, 'bob undefined')
  },

  'R16 regenerate: a new id, nothing kept': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/count')
    const before = browser.cookie
    await browser.ask('/regenerate')
    assert.notEqual(keyOf(browser), keyIn(before))
    assert.equal((await browser.ask('/read')).body, 'undefined')
    assert.equal((await bench.browser().ask('/read', { cookie: before })).body, 'undefined')
  },

  'SES-12 an id that is not stored is never adopted': async (bench) => {
    const elsewhere = bench.sessions({ store: probe(memory(), 'at once') })
    const visit = await elsewhere.open({ cookie: undefined, method: 'GET', navigation: false })
    await visit.session.login(BOB)
    const [set] = (await visit.commit({ status: 200, cacheControl: undefined })).cookies
    const stranger = `${NAME}=${set!.value}`
    const browser = bench.browser()
    const { body, cookies } = await browser.ask('/count', { cookie: stranger })
    assert.equal(body, '1')
    assert.equal(cookies.length, 1)
    assert.notEqual(keyOf(browser), keyIn(stranger))
    assert.equal((await browser.ask('/auth')).body, 'anonymous')
  },

  'SES-20 SES-21 CKO-15 logout: the cookie is cleared as it was set, and refused ever after':
    async (bench) => {
      const browser = bench.browser()
      await browser.ask('/login')
      const stolen = browser.cookie
      const { cookies, headers } = await browser.ask('/logout')
      assert.deepEqual(cookies, [CLEARED])
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(browser.cookie, '')
      for (const minutes of [0, 2, 60]) {
        bench.clock.advance(minutes * 60_000)
        const { body, cookies: none } = await bench.browser().ask('/auth', { cookie: stolen })
        assert.equal(body, 'anonymous')
        assert.deepEqual(none, [])
      }
    },

  'CKO-16 logout without a cookie sets none': async (bench) => {
    assert.deepEqual((await bench.browser().ask('/logout')).cookies, [])
    assert.deepEqual(bench.store.calls, [])
  },

  'CKO-08 several changes of one request make one cookie': async (bench) => {
    const browser = bench.browser()
    assert.equal((await browser.ask('/twice')).cookies.length, 1)
    assert.equal((await browser.ask('/both')).body, 'ada 2')
  },

  'R13 within maxStale GET and HEAD ask the store once, and every other method asks it': async (
    bench,
  ) => {
    const browser = bench.browser()
    await browser.ask('/login')
    const id = keyOf(browser)
    bench.store.calls.length = 0
    for (const method of ['GET', 'HEAD', 'GET']) await browser.ask('/auth', { method })
    assert.equal(bench.store.calls.length, bench.maxStale === 0 ? 3 : 1)
    await bench.store.end(id)
    assert.equal((await browser.ask('/auth', { method: 'POST' })).body, 'anonymous')
    assert.equal((await browser.ask('/auth')).body, 'anonymous')
  },

  'ADP-20 ADP-21 requests at the same time see their own sessions': async (bench) => {
    const browsers = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const browser = bench.browser()
        await browser.ask(index % 2 === 0 ? '/login' : '/login-bob')
        for (let count = 0; count < index; count++) await browser.ask('/count')
        return browser
      }),
    )
    const seen = browsers.map(async (browser) => (await browser.ask('/both')).body)
    const expected = browsers.map((_, index) => {
      return `${index % 2 === 0 ? 'ada' : 'bob'} ${index === 0 ? undefined : index}`
    })
    assert.deepEqual(await Promise.all(seen), expected)
  },
}

/** The session key in a browser's cookie. */
function keyOf(browser: HttpClient): string {
  return keyIn(`${NAME}=${browser.jar.get(NAME)}`)
}

function keyIn(cookie: string): string {
  const payload = cookie.split('.')[1] ?? ''
  const { sk } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sk: string }
  assert.equal(typeof sk, 'string')
  return sk
}
