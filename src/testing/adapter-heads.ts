import assert from 'node:assert/strict'
import type { AdapterCase } from './adapter-bench.ts'
import type { ClientAnswer, HttpClient } from './http-client.ts'
import { seededRandom } from './random.ts'

const HALF_A_TOKEN_LIFE = 8 * 60_000
const PATHS = ['/public', '/public-auth', '/auth', '/public-count', '/count']

/** What the response head says, and when. */
export const heads: Record<string, AdapterCase> = {
  'CKO-08 CKO-09 cookies of the app are kept in order, ours replaces its own': async (bench) => {
    const browser = bench.browser()
    const { cookies } = await browser.ask('/cookies')
    assert.deepEqual(cookies.slice(0, 3), ['first=1; Path=/', 'second=2', 'first=3'])
    assert.equal(cookies.length, 4)
    assert.match(cookies[3]!, /^__Host-session=\w+\./)
    assert.equal((await browser.ask('/read')).body, '1')
  },

  'CKO-20 an answer with our cookie is kept by no cache': async (bench) => {
    for (const [path, expected] of [
      ['/count', 'no-store'],
      ['/public-count', 'no-store'],
      ['/no-store-count', 'no-store, private'],
    ] as const) {
      const { headers, cookies } = await bench.browser().ask(path)
      assert.equal(cookies.length, 1)
      assert.equal(headers['cache-control'], expected)
    }
  },

  'CKO-21 Vary: Cookie is added once, and * is kept': async (bench) => {
    for (const [path, expected] of [
      ['/vary', 'Accept-Encoding, Cookie'],
      ['/vary-cookie', 'x, COOKIE'],
      ['/vary-all', '*'],
    ] as const) {
      assert.equal((await bench.browser().ask(path)).headers['vary'], expected)
    }
  },

  'R12 an answer that the app made public stays so': async (bench) => {
    const { headers } = await bench.browser().ask('/public-auth')
    assert.equal(headers['cache-control'], 'public, max-age=60')
    assert.equal(headers['vary'], 'Cookie')
  },

  'CKO-22 CKO-24 a mere renewal waits for an answer that no cache keeps': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/login')
    bench.clock.advance(HALF_A_TOKEN_LIFE)
    for (const path of ['/public-auth', '/304', '/plain']) {
      assert.deepEqual((await browser.ask(path)).cookies, [], path)
    }
    const before = browser.cookie
    const { cookies, headers } = await browser.ask('/auth')
    assert.equal(cookies.length, 1)
    assert.equal(headers['cache-control'], 'no-store')
    assert.notEqual(browser.cookie, before)
    assert.deepEqual((await browser.ask('/auth')).cookies, [])
  },

  'CKO-24 ADP-07 HEAD, OPTIONS and POST have the session too': async (bench) => {
    const browser = bench.browser()
    for (const method of ['HEAD', 'OPTIONS', 'POST']) {
      const { status, body } = await browser.ask('/count', { method })
      assert.equal(status, 200)
      if (method === 'HEAD') assert.equal(body, '')
    }
    assert.equal((await browser.ask('/read')).body, '3')
  },

  'CKO-24 204 and 304 keep their form': async (bench) => {
    const browser = bench.browser()
    const empty = await browser.ask('/204')
    assert.deepEqual([empty.status, empty.body, empty.cookies.length], [204, '', 1])
    await browser.ask('/login')
    const unchanged = await browser.ask('/304')
    assert.deepEqual([unchanged.status, unchanged.body, unchanged.cookies], [304, '', []])
    assert.equal(unchanged.headers['vary'], 'Cookie')
  },

  'RAC-12 RAC-13 a streamed answer begins when the session is stored': async (bench) => {
    for (const path of ['/stream', '/flush']) {
      bench.store.calls.length = 0
      const browser = bench.browser()
      const { body, cookies } = await browser.ask(path)
      assert.equal(body, 'one two three')
      assert.equal(cookies.length, 1)
      assert.deepEqual(bench.store.calls, ['create'])
      assert.equal((await browser.ask('/read')).body, '1')
    }
  },

  'RAC-13 a long stream arrives whole': async (bench) => {
    const { body, cookies } = await bench.browser().ask('/long')
    assert.equal(body.length, 40 * 8192)
    assert.equal(cookies.length, 1)
  },

  'RAC-13 a login after the head is an error, not a lost cookie': async (bench) => {
    const { body, cookies } = await bench.browser().ask('/late')
    assert.equal(body, 'head headers_sent')
    assert.deepEqual(cookies, [])
    assert.deepEqual(bench.store.calls, [])
  },

  'RAC-12 who follows a redirect after login is logged in': async (bench) => {
    const browser = bench.browser()
    const { headers } = await browser.ask('/login')
    assert.equal((await browser.ask(headers['location']!)).body, 'ada')
  },

  'ADP-09 headers of proxies change nothing about the cookie': async (bench) => {
    const headers = { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' }
    const { cookies } = await bench.browser().ask('/count', { headers })
    assert.match(cookies[0] ?? '', /; HttpOnly; Secure; SameSite=Lax$/)
    assert.doesNotMatch(cookies[0] ?? '', /evil/)
  },

  'CKO-25 a shared cache never gives one user what is another one’s': async (bench) => {
    const cache = new SharedCache()
    const browsers = [bench.browser(), bench.browser(), bench.browser()] as const
    await browsers[0].ask('/login')
    await browsers[1].ask('/login-bob')
    const who = ['ada', 'bob', 'anonymous']
    const random = seededRandom(7)
    for (let step = 0; step < 150; step++) {
      const user = random(3)
      const path = PATHS[random(PATHS.length)]!
      if (random(10) === 0) bench.clock.advance(HALF_A_TOKEN_LIFE)
      const { body, cookies } = await cache.ask(browsers[user]!, path)
      if (path.endsWith('auth')) assert.equal(body, who[user])
      for (const cookie of cookies)
        assert.ok(cache.isFirst(cookie), 'a cookie came out of the cache')
    }
    assert.ok(cache.hits > 0)
  },
}

/** A cache between browsers and app: keeps what RFC 9111 allows it to, by URL and Vary. */
class SharedCache {
  hits = 0
  readonly #kept = new Map<string, { answer: ClientAnswer; cookie: string }[]>()
  readonly #cookies = new Set<string>()

  async ask(browser: HttpClient, path: string): Promise<ClientAnswer> {
    const kept = this.#kept.get(path)?.find(({ answer, cookie }) => {
      return !/cookie/i.test(answer.headers['vary'] ?? '') || cookie === browser.cookie
    })
    if (kept !== undefined) {
      this.hits++
      return kept.answer
    }
    const { cookie } = browser
    const answer = await browser.ask(path)
    if (answer.headers['cache-control']?.startsWith('public')) {
      this.#kept.set(path, [...(this.#kept.get(path) ?? []), { answer, cookie }])
    }
    return answer
  }

  isFirst(cookie: string): boolean {
    if (this.#cookies.has(cookie)) return false
    this.#cookies.add(cookie)
    return true
  }
}
