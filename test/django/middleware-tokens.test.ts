// Tokens that anybody, or a service that shares the key, can send: django-session-jwt fails at them,
// the middleware of this package does not.
import assert from 'node:assert/strict'
import { type TestContext, after, before, describe, test } from 'node:test'
import {
  type DjangoSite,
  type SiteOptions,
  django,
  djangos,
  startDjango,
} from '../support/django.ts'
import { Visitor, aged, claimsOf, cookieSet, sign } from './visitor.ts'

type Claims = Readonly<Record<string, unknown>>
interface Case {
  readonly name: string
  readonly token: (claims: Claims, now: number) => string
  /** Whether it still names its session; undefined where that is up to PyJWT's version. */
  readonly opens?: boolean | undefined
  /** What django-session-jwt answers, unless that is up to PyJWT's version. */
  readonly stock?: number | undefined
}

const nested = (depth: number): string =>
  `${Buffer.from('{"alg":'.repeat(depth)).toString('base64url')}.e30.AAAA`

const OLD_KEY = 'the secret key that the site had in the year before this one'
const NEW_KEY = 'the secret key that the site has since the last rotation of it'
/** The tokens are signed by SECRET_KEY, unless KEY is set. */
const TOKENS = {
  DJANGO_SESSION_JWT: {
    FIELDS: [
      ['id', 'u', 'user_id'],
      ['username', 'n'],
    ],
    EXPIRES: 900,
  },
}
const OLD_SECRET = { ...TOKENS, SECRET_KEY: OLD_KEY }
const NEW_SECRET = { ...TOKENS, SECRET_KEY: NEW_KEY, SECRET_KEY_FALLBACKS: [OLD_KEY] }

/** PyJWT asks for what these are since 2.10. */
const ANY = { opens: undefined, stock: undefined }

const cases: readonly Case[] = [
  { name: 'iat ahead', opens: true, token: (c, now) => sign({ ...c, iat: now + 20 }) },
  { name: 'nbf ahead', opens: true, token: (c, now) => sign({ ...c, nbf: now + 20 }) },
  { name: 'iat far ahead', token: (c, now) => sign({ ...c, iat: now + 600 }) },
  { name: 'iat a text', token: (c) => sign({ ...c, iat: 'soon' }) },
  { name: 'iat a list', token: (c) => sign({ ...c, iat: [] }) },
  { name: 'exp a text', opens: true, token: (c, now) => sign({ ...c, exp: `${now + 600}` }) },
  { name: 'an audience', token: (c) => sign({ ...c, aud: 'another service' }) },
  { name: 'alg none', token: (c) => sign(c, { alg: 'none' }) },
  { name: 'alg HS512', token: (c) => sign(c, { alg: 'HS512' }) },
  { name: 'alg missing', token: (c) => sign(c, { alg: undefined }) },
  { name: 'kid a number', ...ANY, token: (c) => sign(c, { kid: 7 }) },
  { name: 'crit', ...ANY, token: (c) => sign(c, { crit: ['b64'] }) },
  { name: 'sk a number', token: (c) => sign({ ...c, sk: 12_345_678 }) },
  { name: 'sk true', token: (c) => sign({ ...c, sk: true }) },
  { name: 'a header a thousand deep', stock: undefined, token: () => nested(1000) },
  { name: 'a signature by another key', stock: 200, token: (c) => sign(c, {}, 'another key') },
]

for (const version of djangos()) {
  describe(`R42 ${version.name}: tokens`, () => {
    let shipped: DjangoSite
    let stock: DjangoSite

    before(async () => {
      shipped = await startDjango({ django: version, middleware: 'shipped' })
      stock = await startDjango({ django: version, middleware: 'stock', ...sessionsOf(shipped) })
    })
    after(async () => {
      await stock?.stop()
      await shipped?.stop()
    })

    for (const each of cases) {
      const { name, token, opens, stock: status } = { opens: false, stock: 500, ...each }
      test(`${name}: no error, ${opens ? 'and its session' : 'and nobody'}`, async () => {
        const visitor = new Visitor(shipped)
        await visitor.logIn()
        const text = token(claimsOf(visitor.cookie), Math.floor(Date.now() / 1000))
        const answer = await new Visitor(shipped, text).ask('/whoami')
        assert.equal(answer.status, 200)
        const { user } = JSON.parse(answer.body)
        if (opens !== undefined) assert.equal(user, opens ? 'alice' : null)
        if (status === undefined) return
        assert.equal((await new Visitor(stock, text).ask('/whoami')).status, status)
      })
    }

    test('either middleware reads what the other one wrote', async () => {
      const visitor = new Visitor(stock)
      await visitor.logIn()
      const shippedVisitor = new Visitor(shipped, visitor.cookie)
      assert.equal(await shippedVisitor.user(), 'alice')
      await shippedVisitor.ask('/set?cart="lamp"')
      const { user, data } = await new Visitor(stock, shippedVisitor.cookie).json('/whoami')
      assert.deepEqual([user, data.cart], ['alice', 'lamp'])
    })
  })

  describe(`R42 ${version.name}: moving to the shipped middleware`, () => {
    let shipped: DjangoSite
    before(async () => {
      shipped = await startDjango({ django: version, middleware: 'shipped', settings: NEW_SECRET })
    })
    after(() => shipped?.stop())

    async function besides(t: TestContext, options: SiteOptions): Promise<DjangoSite> {
      const site = await startDjango({ django: version, ...sessionsOf(shipped), ...options })
      t.after(() => site.stop())
      return site
    }

    test('plain session cookies open their sessions, and become tokens', async (t) => {
      const plain = await besides(t, { middleware: 'plain', settings: NEW_SECRET })
      const stock = await besides(t, { middleware: 'stock', settings: NEW_SECRET })
      const visitor = new Visitor(plain)
      await visitor.logIn()
      assert.match(visitor.cookie, /^[a-z0-9]{32}$/)

      assert.equal(await new Visitor(stock, visitor.cookie).user(), null)
      const answer = await new Visitor(shipped, visitor.cookie).ask('/whoami')
      assert.equal(JSON.parse(answer.body).user, 'alice')
      const { sk, n } = claimsOf(cookieSet(answer))
      assert.deepEqual([sk, n], [visitor.cookie, 'alice'])
    })

    test('a plain cookie without a session gets none', async () => {
      const visitor = new Visitor(shipped, 'a'.repeat(32))
      const { key } = await visitor.json('/set?cart="lamp"')
      assert.notEqual(key, 'a'.repeat(32))
    })

    test('a new SECRET_KEY logs nobody out, and signs anew', async (t) => {
      const stock = await besides(t, { middleware: 'stock', settings: NEW_SECRET })
      const old = await besides(t, { middleware: 'stock', settings: OLD_SECRET })
      const visitor = new Visitor(old)
      await visitor.logIn()
      assert.equal(await new Visitor(stock, visitor.cookie).user(), null)
      const moved = new Visitor(shipped, visitor.cookie)
      assert.equal(await moved.user(), 'alice')
      assert.equal(await new Visitor(stock, moved.cookie).user(), 'alice')
    })
  })
}

describe('R42 the shipped middleware on every engine', django.needed(), () => {
  for (const engine of ['cached_db', 'cache', 'file', 'signed_cookies'] as const) {
    test(`${engine}: login, data, renewal, logout`, async (t) => {
      const site = await startDjango({ engine, middleware: 'shipped' })
      t.after(() => site.stop())
      const visitor = new Visitor(site)
      await visitor.logIn()
      await visitor.ask('/set?cart="lamp"')
      assert.equal((await visitor.json('/whoami')).data.cart, 'lamp')
      visitor.cookie = aged(visitor.cookie, 600)
      assert.equal(claimsOf(cookieSet(await visitor.ask('/whoami'))).n, 'alice')
      const { cookie } = visitor
      await visitor.ask('/logout')
      assert.equal(visitor.cookie, '')
      if (engine === 'signed_cookies') return // its sessions are in their tokens, and end with them
      const replay = await new Visitor(site, aged(cookie, 600)).ask('/whoami')
      assert.equal(JSON.parse(replay.body).user, null)
      assert.equal(cookieSet(replay), '')
    })
  }
})

/** Another site on the same sessions and users. */
function sessionsOf({ folder }: DjangoSite): SiteOptions {
  return { database: { engine: 'sqlite', name: `${folder}/site.db` } }
}
