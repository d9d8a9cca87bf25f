// What django-session-jwt does to sessions, seen, and that the middleware of this package does not.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type DjangoSite, django, djangos, startDjango } from '../support/django.ts'
import { Visitor, aged, claimsOf, cookieSet, sign, slowly } from './visitor.ts'

interface Defect {
  readonly name: string
  /** What can be seen: of the middleware of django-session-jwt, and of ours. */
  readonly stock: unknown
  readonly shipped: unknown
  readonly see: (site: DjangoSite) => Promise<unknown>
}

/** Past half of the 15 minutes that tokens of the site are good for, and before their end. */
const DUE_SECONDS = 600
const ROW = `
from django.contrib.sessions.models import Session
row = Session.objects.get(session_key=%KEY%)
`

/** Logs in, does what ends the session, and looks for whom a token is signed then. */
async function userOfNewToken(
  site: DjangoSite,
  end: (visitor: Visitor) => Promise<unknown>,
  user = 'alice',
): Promise<unknown> {
  const visitor = new Visitor(site)
  await visitor.logIn(user)
  const token = aged(visitor.cookie, DUE_SECONDS)
  await end(visitor)
  const answer = await new Visitor(site, token).ask('/whoami')
  assert.equal(JSON.parse(answer.body).user, null, 'the site itself knows')
  return claimsOf(cookieSet(answer)).n
}

const row = (key: string, code: string): string =>
  `${ROW.replace('%KEY%', JSON.stringify(key))}${code}`

const defects: Defect[] = [
  {
    name: 'a token outlives its logout for ever',
    stock: 'alice',
    shipped: undefined,
    see: (site) => userOfNewToken(site, (visitor) => visitor.ask('/logout')),
  },
  {
    name: 'a token outlives its row',
    stock: 'alice',
    shipped: undefined,
    see: (site) =>
      userOfNewToken(site, ({ cookie }) => site.python(row(claimsOf(cookie).sk, 'row.delete()'))),
  },
  {
    name: 'a token outlives a change of the password',
    stock: 'alice',
    shipped: undefined,
    see: (site) =>
      userOfNewToken(site, async (visitor) => {
        const another = new Visitor(site)
        await another.logIn()
        await another.ask('/password?password=first-half')
        await visitor.ask('/whoami') // ends the session, and deletes the cookie of this browser
      }),
  },
  {
    name: 'a token outlives the deactivation of its user',
    stock: 'carol',
    shipped: undefined,
    see: (site) =>
      userOfNewToken(
        site,
        () => site.python('User.objects.filter(username="carol").update(is_active=False)'),
        'carol',
      ),
  },
  {
    name: 'data that a view keeps under jwt make a token for somebody',
    stock: 'bob',
    shipped: undefined,
    async see(site) {
      const id = await site.python('result = User.objects.get(username="bob").pk')
      const value = encodeURIComponent(JSON.stringify({ user_id: id }))
      return claimsOf(cookieSet(await new Visitor(site).ask(`/set?jwt=${value}`))).n
    },
  },
  {
    name: 'a view that keeps under jwt what it likes gets an error',
    stock: 500,
    shipped: 200,
    see: async (site) => (await new Visitor(site).ask('/set?jwt="text"')).status,
  },
  {
    name: 'every replay of a token whose session is gone makes a new row',
    stock: 3,
    shipped: 0,
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      const token = visitor.cookie
      await visitor.ask('/logout')
      const count = `from django.contrib.sessions.models import Session
result = Session.objects.count()`
      const first = await site.python(count)
      for (let time = 0; time < 3; time++) await new Visitor(site, token).ask('/whoami')
      return (await site.python(count)) - first
    },
  },
  {
    name: 'a logout leaves a signed token in the browser',
    stock: true,
    shipped: false,
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      return cookieSet(await visitor.ask('/logout'))!.includes('.')
    },
  },
  {
    name: 'a token is good for longer than its session',
    stock: true,
    shipped: false,
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      const { iat, exp } = claimsOf(cookieSet(await visitor.ask('/expiry/set?value=60')))
      return exp - iat > 100
    },
  },
  {
    name: 'a request that touches nothing gets a new cookie and Vary',
    stock: [true, 'Cookie'],
    shipped: [false, undefined],
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      const answer = await visitor.ask('/untouched')
      return [cookieSet(answer) !== undefined, answer.headers['vary']]
    },
  },
  {
    name: 'a request that only reads writes the row',
    stock: true,
    shipped: false,
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      const expiry = row(claimsOf(visitor.cookie).sk, 'result = row.expire_date.isoformat()')
      const first = await site.python(expiry)
      await visitor.ask('/whoami')
      return first !== (await site.python(expiry))
    },
  },
  {
    name: 'a slow request that only reads undoes a change made meanwhile',
    stock: undefined,
    shipped: 'lamp',
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      await slowly(site, visitor.cookie, () => visitor.ask('/set?cart="lamp"'))
      return (await visitor.json('/whoami')).data.cart
    },
  },
  {
    name: 'a slow request that only reads fails when its user logs out',
    stock: 400,
    shipped: 200,
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      return (await slowly(site, visitor.cookie, () => visitor.ask('/logout'))).status
    },
  },
  {
    name: 'the row keeps a copy of what the token says',
    stock: true,
    shipped: false,
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      await visitor.ask('/set?cart="lamp"')
      const code = 'result = "jwt" in row.get_decoded()'
      return site.python(row(claimsOf(visitor.cookie).sk, code))
    },
  },
  {
    name: 'a token past its time loses a session that lives',
    stock: null,
    shipped: 'alice',
    async see(site) {
      const visitor = new Visitor(site)
      await visitor.logIn()
      return new Visitor(site, aged(visitor.cookie, 1000)).user()
    },
  },
]

for (const version of djangos()) {
  for (const middleware of ['stock', 'shipped'] as const) {
    describe(`R42 ${version.name}: the ${middleware} middleware`, () => {
      let site: DjangoSite

      before(async () => {
        const users = { alice: 'first-half', bob: 'second-half', carol: 'first-half' }
        site = await startDjango({ django: version, middleware, users })
      })
      after(() => site?.stop())

      for (const { name, see, [middleware]: seen } of defects) {
        test(`${name}: ${JSON.stringify(seen) ?? 'not so'}`, async () => {
          assert.deepEqual(await see(site), seen)
        })
      }

      test('what the token says can be read in views', async () => {
        const visitor = new Visitor(site)
        await visitor.logIn()
        const { sk, ...claims } = claimsOf(visitor.cookie)
        const read = await visitor.json('/claims')
        assert.deepEqual(read, { ...claims, user_id: claims.u })
        assert.equal(typeof sk, 'string')
      })
    })
  }

  describe(`R42 ${version.name}: renewal by the shipped middleware`, () => {
    let site: DjangoSite
    let visitor: Visitor

    before(async () => {
      site = await startDjango({ django: version, middleware: 'shipped' })
      visitor = new Visitor(site)
      await visitor.logIn()
    })
    after(() => site?.stop())

    const renewed = async (cookie: string, path = '/whoami'): Promise<any> =>
      claimsOf(cookieSet(await new Visitor(site, cookie).ask(path)))

    test('before half of its life a token stays', async () => {
      assert.deepEqual(await renewed(aged(visitor.cookie, 400)), {})
    })

    test('after it there is another one, and the row is not written', async () => {
      const state = row(claimsOf(visitor.cookie).sk, 'result = [row.session_data, row.expire_date]')
      const first = await site.python(state)
      const answer = await new Visitor(site, aged(visitor.cookie, DUE_SECONDS)).ask('/whoami')
      const { iat, exp, ...claims } = claimsOf(cookieSet(answer))
      const { iat: _, exp: __, ...same } = claimsOf(visitor.cookie)
      assert.deepEqual(claims, same)
      assert.equal(exp - iat, 905)
      assert.ok(Math.abs(exp - 900 - Date.now() / 1000) < 60)
      assert.match(answer.cookies[0]!, /; HttpOnly; Max-Age=1209\d{3}; Path=\/; SameSite=Lax$/)
      assert.equal(answer.headers['vary'], 'Cookie')
      assert.deepEqual(await site.python(state), first)
    })

    test('it waits for an answer that depends on the session', async () => {
      assert.deepEqual(await renewed(aged(visitor.cookie, DUE_SECONDS), '/untouched'), {})
      assert.deepEqual(await renewed(aged(visitor.cookie, DUE_SECONDS), '/fail/503'), {})
    })

    test('it is not given to a slow request whose session ended meanwhile', async () => {
      const leaving = new Visitor(site)
      await leaving.logIn()
      const token = aged(leaving.cookie, DUE_SECONDS)
      const answer = await slowly(site, token, () => leaving.ask('/logout'))
      assert.deepEqual([answer.status, cookieSet(answer)], [200, undefined])
    })

    test('it brings the fields up to date', async () => {
      await site.python('User.objects.filter(username="alice").update(email="new@site.example")')
      const { email } = await renewed(aged(visitor.cookie, DUE_SECONDS))
      assert.equal(email, 'new@site.example')
    })

    test('under ASGI it is the same', async () => {
      const token = aged(visitor.cookie, DUE_SECONDS)
      const [user, cookie] = await site.python(`
from asgiref.sync import async_to_sync
from django.test import AsyncClient
client = AsyncClient()
client.cookies["sessionid"] = "${token}"
answer = async_to_sync(client.post)("/whoami")
result = [answer.json()["user"], answer.cookies["sessionid"].value]`)
      assert.deepEqual([user, claimsOf(cookie).n], ['alice', 'alice'])
    })

    test('what a token says of a dead session, nobody reads', async () => {
      const token = sign({ ...claimsOf(visitor.cookie), sk: 'a'.repeat(32) })
      assert.deepEqual(await new Visitor(site, token).json('/claims'), {})
    })
  })
}

describe('R42', django.needed(), () => {
  test('a Django was there to see all this', () => assert.ok(djangos().length > 0))
})
