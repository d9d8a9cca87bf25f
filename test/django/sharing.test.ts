// Node and the real Django over the same sessions, with either of its middlewares.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type DjangoSite, djangos, SITE_USERS, startDjango } from '../support/django.ts'
import {
  Browser,
  type NodeSide,
  SITE_OPTIONS,
  siteDatabase,
  slowlyOnNode,
  startNode,
} from './node-side.ts'
import { claimsOf, slowly } from './visitor.ts'

const ROW = (key: string): string =>
  `from django.contrib.sessions.models import Session\nrow = Session.objects.get(session_key="${key}")\n`

for (const middleware of ['stock', 'shipped'] as const) {
  for (const version of djangos()) {
    describe(`${version.name}, ${middleware} middleware`, () => {
      let site: DjangoSite
      let node: NodeSide

      before(async () => {
        const users = { ...SITE_USERS, carol: 'third', dave: 'fourth' }
        site = await startDjango({ django: version, middleware, users })
        node = await startNode({ ...SITE_OPTIONS, database: siteDatabase(site) })
      })
      after(async () => {
        await node?.stop()
        await site?.stop()
      })

      const visitor = async (login?: string): Promise<Browser> => {
        const browser = new Browser(site, node)
        if (login) await browser.django(`/login?${login}`)
        return browser
      }
      const alice = () => visitor('username=alice&password=first-half')
      const keyOf = (browser: Browser): string => claimsOf(browser.cookie).sk as string

      test('R40 who logs in to Django is known to Node, with the fields', async () => {
        const browser = await alice()
        const { id, auth } = await browser.json('node', '/whoami')
        const fields = { u: 1, user_id: 1, n: 'alice', email: 'alice@site.example' }
        assert.deepEqual([id, auth], ['1', { sub: '1', ...fields }])
      })

      test('R40 who logs in to Node is known to Django, by a token that it could have made', async () => {
        const browser = await visitor()
        await browser.django('/set?cart=["lamp"]')
        const earlier = keyOf(browser)
        await browser.node('/login?id=2')
        const claims = claimsOf(browser.cookie)
        assert.deepEqual(Object.keys(claims), ['sk', 'iat', 'exp', 'u', 'n', 'email'])
        assert.deepEqual([claims.u, claims.n, claims.email], [2, 'bob', 'bob@site.example'])
        const { user, id, key, data } = await browser.json('django', '/whoami')
        assert.deepEqual([user, id, key, data.cart], ['bob', '2', claims.sk, ['lamp']])
        assert.notEqual(key, earlier)
        const old = new Browser(site, node, earlier)
        assert.equal((await old.json('node', '/whoami')).key, null)
      })

      test('DJG-10 data go both ways, and what Node does not know stays as it was', async () => {
        const browser = await alice()
        await browser.django('/message?text=h%C3%A9')
        await browser.django(
          '/set?city="Tartu"&price=1.0&big=12345678901234567890&emoji="\u{1F600}"',
        )
        const key = keyOf(browser)
        const stored = `${ROW(key)}result = row.get_decoded()`
        const { jwt: _, ...earlier } = await site.python(stored)
        await browser.node('/set?from="Node \u{1F600} é"&count=3')
        const { jwt: __, ...later } = await site.python(stored)
        assert.deepEqual(later, { ...earlier, from: 'Node \u{1F600} é', count: 3 })
        const text = `${ROW(key)}result = repr(row.get_decoded())`
        assert.match(await site.python(text), /'price': 1\.0, 'big': 12345678901234567890,/)
        const { data } = await browser.json('node', '/whoami')
        assert.deepEqual(
          [data.city, data.emoji, data.from],
          ['Tartu', '\u{1F600}', 'Node \u{1F600} é'],
        )
        assert.equal(
          Object.keys(data).some((name) => name.startsWith('_auth')),
          false,
        )
        assert.deepEqual((await browser.json('django', '/messages')).messages, ['hé'])
      })

      test('R41 reading changes neither row nor cookie', async () => {
        const browser = await alice()
        const state = `${ROW(keyOf(browser))}result = [row.session_data, str(row.expire_date)]`
        const earlier = await site.python(state)
        const { cookies, headers } = await browser.node('/whoami')
        assert.deepEqual([cookies, headers['vary']], [[], 'Cookie'])
        assert.deepEqual(await site.python(state), earlier)
      })

      test('DJG-08 a logout in either is one in both', async () => {
        const first = await alice()
        const copy = new Browser(site, node, first.cookie)
        const { cookies } = await first.node('/logout')
        assert.match(
          cookies.join(),
          /^sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0;/,
        )
        assert.equal((await copy.json('django', '/whoami')).user, null)
        const second = await alice()
        const late = new Browser(site, node, second.cookie)
        await second.django('/logout')
        assert.equal((await late.json('node', '/whoami')).user, null)
      })

      test('DJG-08 a logout in Django during a slow request to Node is not undone', async () => {
        const browser = await alice()
        const key = keyOf(browser)
        const copy = new Browser(site, node, browser.cookie)
        const answer = await slowlyOnNode(copy, '/set?late=1', () => browser.django('/logout'))
        assert.equal(answer.status, 409)
        await assert.rejects(site.python(`${ROW(key)}result = 1`), /DoesNotExist/)
      })

      test('DJG-08 a logout in Node during a slow request to Django is not undone', async () => {
        const browser = await alice()
        const key = keyOf(browser)
        await slowly(site, browser.cookie!, () => browser.node('/logout'), 'late=1')
        await assert.rejects(site.python(`${ROW(key)}result = 1`), /DoesNotExist/)
      })

      test('R18 a change in Django during a slow one in Node: both are kept', async () => {
        const browser = await alice()
        const copy = new Browser(site, node, browser.cookie)
        await slowlyOnNode(copy, '/set?ours=1', () => browser.django('/set?theirs=2'))
        const { data } = await browser.json('django', '/whoami')
        assert.deepEqual([data.ours, data.theirs], [1, 2])
      })

      test('R42 a change in Node during a slow read in Django is lost to the stock middleware', async () => {
        const browser = await alice()
        await slowly(site, browser.cookie!, () => browser.node('/set?ours=1'))
        const { data } = await browser.json('node', '/whoami')
        assert.equal(data.ours, middleware === 'stock' ? undefined : 1)
      })

      test('DJG-09 a password changed in Django ends the other logins in Node', async () => {
        const login = 'username=dave&password=fourth'
        const [first, second] = [await visitor(login), await visitor(login)]
        assert.equal((await second.json('node', '/whoami')).user, 'dave')
        await first.django('/password?password=fourth')
        assert.equal((await second.json('node', '/whoami')).user, null)
        await assert.rejects(site.python(`${ROW(keyOf(second))}result = 1`), /DoesNotExist/)
        assert.equal((await first.json('node', '/whoami')).user, 'dave')
      })

      test('a user who is not active any more is nobody, and the row stays as it is', async () => {
        const browser = await visitor('username=carol&password=third')
        await site.python('User.objects.filter(username="carol").update(is_active=False)')
        const { user, auth, key } = await browser.json('node', '/whoami')
        assert.deepEqual([user, auth, key], [null, null, keyOf(browser)])
        await browser.node('/set?left=1')
        const stored = await site.python(`${ROW(key)}result = row.get_decoded()`)
        assert.deepEqual([stored.left, stored['_auth_user_id']], [1, '3'])
        await browser.node('/login?id=2')
        assert.equal((await browser.json('django', '/whoami')).data.left, undefined)
      })

      test('a session whose key Django cycled goes on under the new one alone', async () => {
        const browser = await alice()
        const old = new Browser(site, node, browser.cookie)
        await browser.django('/cycle')
        assert.equal((await browser.json('node', '/whoami')).user, 'alice')
        const { user, key } = await old.json('node', '/whoami')
        assert.deepEqual([user, key], [null, null])
      })

      test('DJG-11 set_expiry() of Django holds in Node, and the reverse', async () => {
        const browser = await alice()
        await browser.django('/expiry/set?value=300')
        const { cookies } = await browser.node('/set?a=1')
        assert.match(cookies.join(), /; Max-Age=300; Path=\/; SameSite=Lax$/)
        const { iat, exp } = claimsOf(browser.cookie) as { iat: number; exp: number }
        assert.ok(Math.abs(exp - iat - 305) <= 1)
        const left = 'from datetime import datetime, timezone\n'
        const seconds = `${left}${ROW(keyOf(browser))}result = (row.expire_date - datetime.now(timezone.utc)).total_seconds()`
        assert.ok(Math.abs((await site.python(seconds)) - 300) < 10)
        await browser.node('/set?_session_expiry=0')
        assert.deepEqual(await browser.json('django', '/expiry'), {
          age: 1_209_600,
          atBrowserClose: true,
        })
        const closing = await browser.node('/set?a=2')
        assert.doesNotMatch(closing.cookies.join(), /Max-Age|expires/)
      })

      test('DJG-07 an expired row is not loaded', async () => {
        const browser = await alice()
        await site.python(
          `from datetime import timedelta\n${ROW(keyOf(browser))}row.expire_date -= timedelta(days=15); row.save()`,
        )
        assert.equal((await browser.json('node', '/whoami')).key, null)
      })

      test('DJG-13 clearsessions between requests hurts nobody', async () => {
        const browser = await alice()
        await site.python(
          'from django.core.management import call_command; call_command("clearsessions")',
        )
        assert.equal((await browser.json('node', '/whoami')).user, 'alice')
      })

      test('forty increments, by turns and at once, are all counted where nobody writes whole rows', async () => {
        const browser = await alice()
        for (let turn = 0; turn < 5; turn++) {
          await browser.node('/increment?name=n')
          await browser.django('/increment/n')
        }
        const copies = Array.from({ length: 10 }, () => new Browser(site, node, browser.cookie))
        await Promise.all(copies.map((copy) => copy.node('/increment?name=n')))
        assert.equal((await browser.json('node', '/whoami')).data.n, 20)
      })
    })
  }
}
