import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { HttpClient } from '../../src/testing/http-client.ts'
import { type DjangoSite, django, djangos, startDjango } from '../support/django.ts'

const DATA = { text: 'é \u{1F600}', nested: { list: [1, 2.5, null, true] } }

for (const each of djangos()) {
  describe(`the site that the tests run: ${each.name}, stock django-session-jwt`, () => {
    let site: DjangoSite

    before(async () => {
      site = await startDjango({ django: each })
    })
    after(() => site?.stop())

    const ask = async (browser: HttpClient, path: string): Promise<any> =>
      JSON.parse((await browser.ask(path, { method: 'POST' })).body)

    test('login, who am I, data, logout over HTTP', async () => {
      const browser = new HttpClient(site)
      assert.equal((await ask(browser, '/login?username=alice&password=wrong')).user, null)
      assert.equal((await ask(browser, '/login?username=alice&password=first-half')).user, 'alice')
      const [, payload = ''] = browser.jar.get('sessionid')!.split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      assert.deepEqual(Object.keys(claims), ['sk', 'iat', 'exp', 'u', 'n', 'email'])

      await ask(browser, '/set?city="Tartu"')
      await ask(browser, '/increment/visits')
      const { user, id, key, data } = await ask(browser, '/whoami')
      assert.deepEqual([user, id, key], ['alice', '1', claims.sk])
      assert.deepEqual([data.city, data.visits, data.jwt.user_id], ['Tartu', 1, 1])

      await ask(browser, '/logout')
      assert.equal(browser.jar.has('sessionid'), false)
      assert.equal((await ask(browser, '/whoami')).user, null)
    })

    test('a slow request waits for another one', async () => {
      const browser = new HttpClient(site)
      await ask(browser, '/set?value=1')
      const slow = browser.ask('/slow/gate?value=2', { cookie: browser.cookie })
      assert.deepEqual(await ask(browser, '/await/gate'), { arrived: true })
      assert.equal((await ask(browser, '/whoami')).data.value, 1)
      await ask(browser, '/open/gate')
      assert.equal((await slow).status, 200)
    })

    test('its process encodes, decodes, pickles, and runs Python', async () => {
      assert.deepEqual(await site.decode(await site.encode(DATA)), DATA)
      assert.deepEqual(await site.unpickle(await site.pickle(DATA)), DATA)
      assert.equal(await site.python('result = User.objects.count()'), 2)
      await assert.rejects(site.python('1 / 0'), /ZeroDivisionError/)
    })
  })
}

describe('settings of the site', django.needed(), () => {
  test('engines and settings are as asked for', async () => {
    const site = await startDjango({
      middleware: 'plain',
      engine: 'cached_db',
      settings: { SESSION_COOKIE_NAME: 'id', SESSION_COOKIE_AGE: 300 },
    })
    try {
      const browser = new HttpClient(site)
      const { cookies } = await browser.ask('/set?value=1', { method: 'POST' })
      assert.match(cookies.join(), /^id=[a-z0-9]{32}; .*Max-Age=300;/)
    } finally {
      await site.stop()
    }
  })
})
