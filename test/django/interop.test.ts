// Node and the real Django over every engine and database that they can share, other than SQLite,
// which sharing.test.ts tells more of.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createPool } from 'mysql2/promise'
import connectTo from 'postgres'
import { createClient } from 'redis'
import type { DjangoOptions } from '../../src/django/index.ts'
import { type DjangoSite, type SiteOptions, django, startDjango } from '../support/django.ts'
import { type RunningServer, mariadb, postgres, redis } from '../support/servers.ts'
import {
  Browser,
  type NodeSide,
  SITE_OPTIONS,
  siteDatabase,
  slowlyOnNode,
  startNode,
} from './node-side.ts'
import { aged, claimsOf, slowly } from './visitor.ts'

interface Shared {
  readonly site: DjangoSite
  readonly node: NodeSide
  stop(): Promise<void>
}

/** What Django and Node share sessions in; `port` is the server's, where one is needed. */
interface Kind {
  readonly name: string
  readonly server?: typeof redis
  readonly site: (port: number) => SiteOptions
  /** The same for Node, and how what it opened is closed. */
  readonly node: (port: number, site: DjangoSite) => Promise<[DjangoOptions, close: () => unknown]>
}

const redisCache = (options: object, backend = 'django.core.cache.backends.redis.RedisCache') => {
  return (port: number): SiteOptions => ({
    engine: 'cache',
    settings: {
      CACHES: {
        default: { BACKEND: backend, LOCATION: `redis://127.0.0.1:${port}/0`, OPTIONS: options },
      },
    },
  })
}
const inCache =
  (engine: 'cache' | 'cached_db', cache: object) =>
  async (port: number, site: DjangoSite): Promise<[DjangoOptions, () => unknown]> => {
    const client = createClient({ url: `redis://127.0.0.1:${port}/0` })
    await client.connect()
    const database = siteDatabase(site)
    return [
      { ...SITE_OPTIONS, engine, database, cache: { client, ...cache } },
      () => client.close(),
    ]
  }

const kinds: Kind[] = [
  {
    name: 'rows in PostgreSQL',
    server: postgres,
    site: (port) => ({ database: { engine: 'postgres', port } }),
    async node(port) {
      const sql = connectTo({ host: '127.0.0.1', port, user: 'postgres' })
      return [{ ...SITE_OPTIONS, database: sql }, () => sql.end()]
    },
  },
  {
    name: 'rows in MariaDB',
    server: mariadb,
    site: (port) => ({ database: { engine: 'mariadb', port } }),
    async node(port) {
      const pool = createPool({ host: '127.0.0.1', port, user: 'root', database: 'test' })
      return [{ ...SITE_OPTIONS, database: pool }, () => pool.end()]
    },
  },
  {
    name: 'rows in SQLite, USE_TZ off',
    site: () => ({ settings: { USE_TZ: false, TIME_ZONE: 'America/Chicago' } }),
    async node(_, site) {
      const database = siteDatabase(site)
      const options = { useTz: false, timeZone: 'America/Chicago', database }
      return [{ ...SITE_OPTIONS, ...options }, () => database.close()]
    },
  },
  {
    name: 'rows, and their copies in Redis',
    server: redis,
    site: (port) => ({ engine: 'cached_db', redis: `redis://127.0.0.1:${port}/0` }),
    node: inCache('cached_db', {}),
  },
  {
    name: 'pickles in Redis',
    server: redis,
    site: redisCache({}),
    node: inCache('cache', { serializer: 'pickle' }),
  },
  {
    name: 'JSON in Redis',
    server: redis,
    site: redisCache({ serializer: 'django.core.signing.JSONSerializer' }),
    node: inCache('cache', {}),
  },
  {
    name: 'JSON by django-redis, deflated',
    server: redis,
    site: redisCache(
      {
        SERIALIZER: 'django_redis.serializers.json.JSONSerializer',
        COMPRESSOR: 'django_redis.compressors.zlib.ZlibCompressor',
      },
      'django_redis.cache.RedisCache',
    ),
    node: inCache('cache', { compressor: 'zlib' }),
  },
  {
    name: 'files',
    site: () => ({ engine: 'file' }),
    async node(_, site) {
      const database = siteDatabase(site)
      const options = { engine: 'file', filePath: site.folder, database } as const
      return [{ ...SITE_OPTIONS, ...options }, () => database.close()]
    },
  },
]

for (const { name, server, ...options } of kinds) {
  describe(`R40 ${name}`, { ...django.needed(), ...server?.needed() }, () => {
    let running: RunningServer | undefined

    before(async () => {
      running = await server?.start()
    })
    after(() => running?.stop())

    async function start(middleware: 'stock' | 'shipped'): Promise<Shared> {
      const port = running?.port ?? 0
      const site = await startDjango({ ...options.site(port), middleware })
      const [settings, close] = await options.node(port, site)
      const node = await startNode(settings)
      return {
        site,
        node,
        async stop() {
          await node.stop()
          await close()
          await site.stop()
        },
      }
    }

    for (const middleware of ['stock', 'shipped'] as const) {
      describe(`${middleware} middleware`, () => {
        let shared: Shared

        before(async () => {
          shared = await start(middleware)
        })
        after(() => shared?.stop())

        const open = (cookie?: string): Browser => new Browser(shared.site, shared.node, cookie)
        const alice = async (): Promise<Browser> => {
          const browser = open()
          await browser.django('/login?username=alice&password=first-half')
          return browser
        }
        const userIn = async (browser: Browser): Promise<unknown[]> => [
          (await browser.json('django', '/whoami')).user,
          (await browser.json('node', '/whoami')).user,
        ]

        test('login in Django, data both ways, logout in Node', async () => {
          const browser = await alice()
          await browser.django('/set?city="Tartu é \u{1F600}"&list=[1,2.5,null,true]')
          const { data } = await browser.json('node', '/whoami')
          assert.deepEqual([data.city, data.list], ['Tartu é \u{1F600}', [1, 2.5, null, true]])
          await browser.node('/set?from={"node":["é",-7,1e30]}')
          assert.deepEqual((await browser.json('django', '/whoami')).data.from, {
            node: ['é', -7, 1e30],
          })
          const copy = open(browser.cookie)
          await browser.node('/logout')
          assert.deepEqual(await userIn(copy), [null, null])
        })

        test('login in Node, logout in Django', async () => {
          const browser = open()
          await browser.django('/set?cart="lamp"')
          const { sk } = claimsOf(browser.cookie)
          await browser.node('/login?id=2&n=bob&e=bob@site.example')
          assert.deepEqual(await userIn(browser), ['bob', 'bob'])
          const { key, data } = await browser.json('django', '/whoami')
          assert.equal(data.cart, 'lamp')
          assert.notEqual(key, sk)
          const copy = open(browser.cookie)
          await browser.django('/logout')
          assert.deepEqual(await userIn(copy), [null, null])
        })

        test('Django cycles the key', async () => {
          const browser = await alice()
          const old = open(browser.cookie)
          await browser.django('/cycle')
          assert.deepEqual(await userIn(browser), ['alice', 'alice'])
          assert.equal((await old.json('node', '/whoami')).user, null)
        })

        test('set_expiry() of Django holds in Node', async () => {
          const browser = await alice()
          await browser.django('/expiry/set?value=300')
          const { cookies } = await browser.node('/set?a=1')
          assert.match(cookies.join(), /; Max-Age=(300|299);/)
          const { age } = await browser.json('django', '/expiry')
          assert.equal(age, 300)
        })

        test('DJG-08 no logout is undone by a slow request in the other one', async () => {
          const [first, second] = [await alice(), await alice()]
          const slow = open(first.cookie)
          const late = await slowlyOnNode(slow, '/set?late=1', () => first.django('/logout'))
          assert.equal(late.status, 409)
          assert.deepEqual(await userIn(open(first.cookie)), [null, null])
          const { cookie } = second
          await slowly(shared.site, cookie!, () => second.node('/logout'), 'late=1')
          assert.deepEqual(await userIn(open(cookie)), [null, null])
        })

        test('R18 a change in Django during a slow one in Node: both are kept', async () => {
          const browser = await alice()
          const copy = open(browser.cookie)
          await slowlyOnNode(copy, '/set?ours=1', () => browser.django('/set?theirs=2'))
          const { data } = await browser.json('django', '/whoami')
          assert.deepEqual([data.ours, data.theirs], [1, 2])
        })

        test('R18 increments in Node at once are all counted', async () => {
          const browser = await alice()
          const copies = Array.from({ length: 8 }, () => open(browser.cookie))
          await Promise.all(copies.map((copy) => copy.node('/increment?name=n')))
          assert.equal((await browser.json('django', '/whoami')).data.n, 8)
        })

        test('R42 a change in Node during a slow read in Django is lost to stock alone', async () => {
          const browser = await alice()
          await slowly(shared.site, browser.cookie!, () => browser.node('/set?ours=1'))
          const { data } = await browser.json('node', '/whoami')
          assert.equal(data.ours, middleware === 'stock' ? undefined : 1)
        })

        test('R41 what stock says of a session that ended, Node does not believe', async () => {
          const browser = await alice()
          const token = aged(browser.cookie!, 600)
          await browser.django('/logout')
          const replay = open(token)
          await replay.django('/whoami')
          const renewed = claimsOf(replay.cookie).n
          assert.equal(renewed, middleware === 'stock' ? 'alice' : undefined)
          const { user, auth } = await replay.json('node', '/whoami')
          assert.deepEqual([user, auth], [null, null])
        })

        test('DJG-09 a password changed in Django ends the other logins in Node', async () => {
          const [first, second] = [await alice(), await alice()]
          await first.django('/password?password=first-half')
          assert.equal((await second.json('node', '/whoami')).user, null)
          assert.deepEqual(await userIn(first), ['alice', 'alice'])
        })
      })
    }
  })
}
