// What single options and settings do, with the real Django beside.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type DjangoSite, django as djangoHere, startDjango } from '../support/django.ts'
import { django } from '../../src/django/index.ts'
import { type DjangoOptions } from '../../src/django/index.ts'
import { HttpClient } from '../../src/testing/http-client.ts'
import { Browser, type NodeSide, SITE_OPTIONS, siteDatabase, startNode } from './node-side.ts'
import { aged, claimsOf, sign } from './visitor.ts'

describe('Django beside Node', djangoHere.needed(), () => {
  let site: DjangoSite
  let plainSite: DjangoSite
  const nodes: NodeSide[] = []

  before(async () => {
    site = await startDjango({ middleware: 'shipped' })
    plainSite = await startDjango({ middleware: 'plain', settings: { CSRF_USE_SESSIONS: true } })
  })
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await site?.stop()
    await plainSite?.stop()
  })

  async function startBeside(options: Partial<DjangoOptions> = {}, of = site): Promise<NodeSide> {
    const node = await startNode({ ...SITE_OPTIONS, database: siteDatabase(of), ...options })
    nodes.push(node)
    return node
  }
  async function alice(node: NodeSide, of = site): Promise<Browser> {
    const browser = new Browser(of, node)
    await browser.django('/login?username=alice&password=first-half')
    return browser
  }
  async function stateOf(key: string, of = site): Promise<unknown> {
    return of.python(
      `from django.contrib.sessions.models import Session\nrow = Session.objects.get(session_key="${key}")\nresult = [row.session_data, str(row.expire_date)]`,
    )
  }

  describe('readOnly', () => {
    test('knows who is logged in, and changes neither row nor cookie', async () => {
      const node = await startBeside({ readOnly: true })
      const browser = await alice(node)
      const token = aged(browser.cookie!, 800)
      const earlier = await stateOf(claimsOf(token).sk)
      const old = new Browser(site, node, token)
      const { cookies, body } = await old.node('/whoami')
      assert.deepEqual([JSON.parse(body).user, cookies], ['alice', []])
      assert.deepEqual(await stateOf(claimsOf(token).sk), earlier)
    })

    test('everything that would write is an error, and nothing has ended', async () => {
      const node = await startBeside({ readOnly: true })
      const browser = await alice(node)
      const paths = ['/logout', '/flush', '/login?id=2', '/set?a=1', '/increment?name=a']
      for (const path of paths) {
        const { status, body, cookies } = await browser.node(path)
        assert.deepEqual([path, status, JSON.parse(body).code], [path, 500, 'not_supported'])
        assert.deepEqual(cookies, [])
      }
      assert.equal((await browser.json('node', '/whoami')).user, 'alice')
      assert.equal(node.sessions.counts.logout_pending, undefined)
    })
  })

  describe('R41 a row that cannot be read', () => {
    test('is nobody and an event, and is neither written over nor deleted', async () => {
      const node = await startBeside({ secretKey: 'another secret key than that of the site' })
      const browser = await alice(node)
      const { sk: key } = claimsOf(browser.cookie)
      const earlier = await stateOf(key)
      const copy = new Browser(site, node, browser.cookie)
      assert.equal((await copy.json('node', '/whoami')).user, null)
      assert.equal(node.sessions.counts.record_invalid, 1)
      await new Browser(site, node, browser.cookie).node('/set?a=1')
      await new Browser(site, node, browser.cookie).node('/logout')
      assert.deepEqual(await stateOf(key), earlier)
      assert.equal((await browser.json('django', '/whoami')).user, 'alice')
    })
  })

  describe('cookies', () => {
    test('a site before its tokens: its plain keys are known, and replaced by tokens', async () => {
      const node = await startBeside({}, plainSite)
      const browser = await alice(node, plainSite)
      const key = browser.cookie
      assert.match(key!, /^[a-z0-9]{32}$/)
      assert.equal((await browser.json('node', '/whoami')).user, 'alice')
      assert.equal(claimsOf(browser.cookie).sk, key)
      assert.equal((await browser.json('node', '/whoami')).user, 'alice')
      const leaving = new Browser(plainSite, node, key)
      const { cookies } = await leaving.node('/logout')
      assert.match(cookies.join(), /^sessionid="";/)
    })

    test('plainCookies: false takes tokens alone', async () => {
      const node = await startBeside({ plainCookies: false }, plainSite)
      const browser = await alice(node, plainSite)
      assert.equal((await browser.json('node', '/whoami')).user, null)
    })

    const others: [string, (token: string) => string, string | null][] = [
      ['the last of two decides', (token) => `sessionid=nonsense; sessionid=${token}`, 'alice'],
      [
        'the last of two decides, also if it is nothing',
        (token) => `sessionid=${token}; sessionid=`,
        null,
      ],
      [
        'one session twice is one session',
        (token) => `sessionid=${aged(token, 9)}; sessionid=${token}`,
        'alice',
      ],
      [
        'two sessions are nobody',
        (token) =>
          `sessionid=${sign({ ...claimsOf(token), sk: 'a'.repeat(32) })}; sessionid=${token}`,
        null,
      ],
      ['DJG-06 a key of eight characters is none', () => 'sessionid=abcdefgh', null],
      ['DJG-06 a key in upper case is none', () => `sessionid=${'A'.repeat(32)}`, null],
      ['a NUL is none', () => 'sessionid="\\000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"', null],
      [
        'a token past its exp leads to the session all the same',
        (token) => `sessionid=${aged(token, 1e6)}`,
        'alice',
      ],
      [
        'a token by another key is none',
        (token) => `sessionid=${sign(claimsOf(token), {}, 'x'.repeat(40))}`,
        null,
      ],
      [
        'a token with a kid is none',
        (token) => `sessionid=${sign(claimsOf(token), { kid: 'a' })}`,
        null,
      ],
      ['alg none is none', (token) => `sessionid=${sign(claimsOf(token), { alg: 'none' })}`, null],
      [
        'a token for an audience is none',
        (token) => `sessionid=${sign({ ...claimsOf(token), aud: 'a' })}`,
        null,
      ],
      [
        'without exp it is one',
        (token) => `sessionid=${sign({ ...claimsOf(token), exp: undefined })}`,
        'alice',
      ],
      [
        'claims that disagree with the row are not believed',
        (token) => `sessionid=${sign({ ...claimsOf(token), u: 2, n: 'bob' })}`,
        'alice',
      ],
    ]
    for (const [name, header, user] of others) {
      test(`R41 ${name}`, async () => {
        const node = await startBeside()
        const browser = await alice(node)
        const client = new HttpClient(node)
        const answer = await client.ask('/whoami', {
          method: 'POST',
          cookie: header(browser.cookie!),
        })
        assert.deepEqual([answer.status, JSON.parse(answer.body).user], [200, user])
      })
    }
  })

  test('R41 what only CALLABLE of the site says is carried over to the next token', async () => {
    const node = await startBeside()
    const browser = await alice(node)
    const due = sign({ ...claimsOf(aged(browser.cookie!, 800)), plan: 'gold', n: 'somebody' })
    const copy = new Browser(site, node, due)
    const { auth } = await copy.json('node', '/whoami')
    assert.deepEqual([auth.plan, auth.n], ['gold', 'alice'])
    const { plan, n, iat } = claimsOf(copy.cookie)
    assert.deepEqual([plan, n, iat > claimsOf(due).iat], ['gold', 'alice', true])
  })

  test('CALLABLE given here is asked at login and at renewal, and of nobody too', async () => {
    const asked: unknown[] = []
    const CALLABLE = (user: any): Record<string, unknown> => {
      asked.push(user?.username)
      return { staff: user?.username === 'alice' }
    }
    const node = await startBeside({ jwt: { ...SITE_OPTIONS.jwt, CALLABLE } })
    const browser = new Browser(site, node)
    await browser.node('/set?a=1')
    assert.equal(claimsOf(browser.cookie).staff, false)
    await browser.node('/login?id=1')
    assert.equal(claimsOf(browser.cookie).staff, true)
    const due = new Browser(site, node, aged(browser.cookie!, 800))
    await due.node('/whoami')
    assert.deepEqual(asked, [undefined, 'alice', 'alice'])
  })

  test('EXPIRES unset: a token ends with its session', async () => {
    const node = await startBeside({ jwt: { ...SITE_OPTIONS.jwt, EXPIRES: null } })
    const browser = new Browser(site, node)
    await browser.node('/login?id=1')
    const { iat, exp } = claimsOf(browser.cookie)
    assert.ok(Math.abs(exp - iat - 5 - 1_209_600) <= 1)
  })

  describe('DJG-14 SESSION_SAVE_EVERY_REQUEST', () => {
    test('a request that touches nothing gets a cookie, Vary, and a later end', async () => {
      const node = await startBeside({ SESSION_SAVE_EVERY_REQUEST: true })
      const browser = await alice(node)
      await site.python(
        'from django.contrib.sessions.models import Session\nfrom datetime import timedelta\nfor row in Session.objects.all():\n  row.expire_date -= timedelta(days=2); row.save()',
      )
      const { sk: key } = claimsOf(browser.cookie)
      const earlier = (await stateOf(key)) as string[]
      const { cookies, headers } = await browser.node('/untouched')
      assert.match(cookies.join(), /^sessionid=eyJ.*; Max-Age=1209600; Path=\/; SameSite=Lax$/)
      assert.equal(headers['vary'], 'Cookie')
      const later = (await stateOf(key)) as string[]
      assert.ok(later[1]! > earlier[1]!)
      assert.equal(later[0], earlier[0])
    })

    test('nobody without a session gets one', async () => {
      const node = await startBeside({ SESSION_SAVE_EVERY_REQUEST: true })
      const { cookies, headers } = await new Browser(site, node).node('/untouched')
      assert.deepEqual([cookies, headers['vary']], [[], undefined])
    })
  })

  test('R13 maxStale: a record is remembered, and a write asks the row', async () => {
    const node = await startNode(
      { ...SITE_OPTIONS, database: siteDatabase(site) },
      { maxStale: '1m' },
    )
    nodes.push(node)
    const browser = await alice(node)
    const copy = new Browser(site, node, browser.cookie)
    const user = async () => JSON.parse((await copy.node('/whoami', {}, 'GET')).body).user
    assert.equal(await user(), 'alice')
    await browser.django('/logout')
    assert.equal(await user(), 'alice')
    assert.equal((await copy.json('node', '/whoami')).user, null)
    assert.equal(await user(), null)
  })

  test('a login as somebody else keeps nothing, and one as the same user everything', async () => {
    const node = await startBeside()
    const browser = await alice(node)
    await browser.node('/set?cart=[1]')
    await browser.node('/login?id=1')
    assert.deepEqual((await browser.json('django', '/whoami')).data.cart, [1])
    await browser.node('/login?id=2')
    const { user, data } = await browser.json('django', '/whoami')
    assert.deepEqual([user, data.cart], ['bob', undefined])
  })

  test('R1 no data of a session make a user', async () => {
    const node = await startBeside()
    const browser = new Browser(site, node)
    const { status, body } = await browser.node('/set?_auth_user_id="1"')
    assert.deepEqual([status, JSON.parse(body).code], [500, 'invalid_data'])
    const unknown = await browser.node('/login?id=999')
    assert.deepEqual([unknown.status, JSON.parse(unknown.body).code], [500, 'invalid_user'])
    assert.equal(browser.cookie, undefined)
  })

  test('DJG-11 an end that some Djangos cannot read is refused', async () => {
    const node = await startBeside()
    const browser = await alice(node)
    const { status, body } = await browser.node('/set?_session_expiry="2030-01-02T03:04:05Z"')
    assert.deepEqual([status, JSON.parse(body).code], [500, 'invalid_data'])
  })

  test('lastLogin sets last_login, as a login in Django does', async () => {
    const node = await startBeside({ user: { lastLogin: true } })
    await site.python('User.objects.filter(username="bob").update(last_login=None)')
    await new Browser(site, node).node('/login?id=2')
    const seconds =
      'from django.utils import timezone\nresult = (timezone.now() - User.objects.get(username="bob").last_login).total_seconds()'
    assert.ok(Math.abs(await site.python(seconds)) < 10)
  })

  describe('CSRF', () => {
    test('a token of either passes in both, and no other', async () => {
      const csrf = django.csrf()
      const client = new HttpClient(site)
      const given = JSON.parse((await client.ask('/csrf')).body).token
      const request = { headers: { cookie: `csrftoken=${client.jar.get('csrftoken')}` } }
      assert.equal(csrf.check(request, given), true)
      assert.equal(csrf.check(request, client.jar.get('csrftoken')), true)
      const own = csrf.token(request)!
      assert.notEqual(own, csrf.token(request))
      for (const [token, status] of [
        [own, 200],
        [own.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')), 403],
      ] as const) {
        const headers = { 'X-CSRFToken': token }
        assert.equal((await client.ask('/protected', { method: 'POST', headers })).status, status)
      }
      for (const wrong of [undefined, '', 1, 'a'.repeat(32), 'a'.repeat(64), given.slice(1)]) {
        assert.equal(csrf.check(request, wrong), false)
      }
      assert.equal(csrf.check({ headers: {} }, given), false)
      assert.equal(csrf.token({ headers: {} }), undefined)
    })

    test('a secret in the session', async () => {
      const csrf = django.csrf({ CSRF_USE_SESSIONS: true })
      const node = await startBeside({}, plainSite)
      const client = new HttpClient(plainSite)
      const given = JSON.parse((await client.ask('/csrf')).body).token
      const browser = new Browser(plainSite, node, client.jar.get('sessionid'))
      const { data: session } = await browser.json('node', '/whoami')
      assert.equal(csrf.check({ headers: {}, session }, given), true)
      assert.equal(csrf.check({ headers: {}, session: {} }, given), false)
    })
  })
})
