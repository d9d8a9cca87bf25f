import assert from 'node:assert/strict'
import type { AdapterCase } from './adapter-bench.ts'
import { type ClientAnswer, HttpClient } from './http-client.ts'

/** What fails is never told as a success, and leaves nothing half done. */
export const failures: Record<string, AdapterCase> = {
  'R14 SES-14 a login that cannot be stored: 500, no cookie, not logged in': async (bench) => {
    const browser = bench.browser()
    bench.store.failing.add('create')
    refused(await browser.ask('/login'))
    bench.store.failing.clear()
    assert.equal((await browser.ask('/auth')).body, 'anonymous')
  },

  'R14 a login that the app did not wait for is waited for': async (bench) => {
    const browser = bench.browser()
    assert.equal((await browser.ask('/login-not-awaited')).cookies.length, 1)
    assert.equal((await browser.ask('/auth')).body, 'ada')
  },

  'R14 a new session that cannot be stored: 500, no cookie': async (bench) => {
    bench.store.failing.add('create')
    for (const path of ['/count', '/stream', '/flush', '/204', '/cookies']) {
      const answer = await bench.browser().ask(path)
      refused(answer)
      assert.doesNotMatch(answer.body, /\b(?:one|two|cookies)\b/)
    }
  },

  'R14 a change that cannot be stored: 500, and the change is not there': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/count')
    bench.store.failing.add('update')
    const answer = await browser.ask('/count')
    refused(answer)
    assert.notEqual(answer.body, '2')
    bench.store.failing.clear()
    assert.equal((await browser.ask('/read')).body, '1')
  },

  'R14 a session that cannot be read: 500, and the cookie stays': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/login')
    bench.store.failing.add('read')
    refused(await browser.ask('/auth'))
    bench.store.failing.clear()
    assert.equal((await browser.ask('/auth')).body, 'ada')
  },

  'R17 a logout that cannot be stored: 500, the cookie cleared, over in this process': async (
    bench,
  ) => {
    const browser = bench.browser()
    await browser.ask('/login')
    const cookie = browser.cookie
    bench.store.failing.add('end')
    const { status, cookies } = await browser.ask('/logout')
    assert.equal(status, 500)
    assert.equal(cookies.length, 1)
    assert.equal(browser.cookie, '')
    assert.equal((await bench.browser().ask('/auth', { cookie })).body, 'anonymous')
  },

  'R10 RAC-01 a change after the session ended: 409, no cookie, the session stays ended': async (
    bench,
  ) => {
    const browser = bench.browser()
    await browser.ask('/login')
    const cookie = browser.cookie
    const slow = bench.browser().ask('/wait-then-count', { cookie })
    await bench.gate.entered
    await browser.ask('/logout')
    bench.gate.open()
    refused(await slow, 409)
    refused(await bench.browser().ask('/count', { cookie }), 409)
    assert.equal((await bench.browser().ask('/auth', { cookie })).body, 'anonymous')
  },

  'CKO-19 a 5xx answer does not save what was changed': async (bench) => {
    const { status, body, cookies } = await bench.browser().ask('/count-then-fail')
    assert.deepEqual({ status, body, cookies }, { status: 500, body: 'failed', cookies: [] })
    assert.deepEqual(bench.store.calls, [])
    const browser = bench.browser()
    await browser.ask('/count')
    await browser.ask('/count-then-fail')
    assert.equal((await browser.ask('/read')).body, '1')
  },

  'R17 an awaited save or login holds though the answer is 500': async (bench) => {
    const browser = bench.browser()
    assert.equal((await browser.ask('/save-then-fail')).cookies.length, 1)
    assert.equal((await browser.ask('/read')).body, '1')
    const answer = await browser.ask('/login-then-fail')
    assert.equal(answer.status, 500)
    assert.equal(answer.body, 'something else failed')
    assert.equal((await browser.ask('/auth')).body, 'ada')
  },

  'ADP-06 a route that throws saves nothing': async (bench) => {
    const browser = bench.browser()
    await browser.ask('/count')
    const { status, cookies } = await browser.ask('/throw')
    assert.equal(status, 500)
    assert.deepEqual(cookies, [])
    assert.equal((await browser.ask('/read')).body, '1')
  },

  'R14 onError says what is answered': async (bench) => {
    const served = await bench.serve({
      onError: (error) =>
        error.code === 'session_ended'
          ? undefined
          : { status: 503, headers: { 'Retry-After': '5' }, body: `sorry: ${error.code}` },
    })
    try {
      const browser = new HttpClient(served)
      await browser.ask('/count')
      for (const [verb, path] of [
        ['update', '/count'],
        ['read', '/auth'],
      ] as const) {
        bench.store.failing.add(verb)
        const { status, headers, body, cookies } = await browser.ask(path)
        bench.store.failing.clear()
        assert.deepEqual({ status, body }, { status: 503, body: 'sorry: store_unavailable' })
        assert.equal(headers['retry-after'], '5')
        assert.deepEqual(cookies, [])
      }
    } finally {
      await served.close()
    }
  },
}

/** An error's answer: no cookie, nothing of what the app answered, and nothing a cache may keep. */
function refused({ status, cookies, headers, body }: ClientAnswer, expected = 500): void {
  assert.equal(status, expected)
  assert.deepEqual(cookies, [])
  assert.equal(headers['location'], undefined)
  assert.doesNotMatch(headers['cache-control'] ?? '', /public|max-age/)
  assert.doesNotMatch(body, /logged in|counted/)
}
