// Sessions that connect-redis wrote, used in place by redis() with its prefix, while express-session
// still runs beside it.
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { createClient } from 'redis'
import { ENDED, type Store } from '../../src/session/record.ts'
import { redis } from '../../src/stores/redis.ts'
import { newId, newVersion } from '../../src/testing/store-bench.ts'
import { markAt } from '../../src/testing/store-marks.ts'
import { change, living } from '../../src/testing/store-races.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { expressSessionApp, require } from '../support/express-session.ts'
import * as servers from '../support/servers.ts'
import { lasting } from '../support/store-faults.ts'

const { RedisStore } = require('connect-redis')
const TEN_MINUTES = 600_000

describe('redis() on sessions of connect-redis', servers.redis.needed(), () => {
  let server: servers.RunningServer
  let client: ReturnType<typeof createClient>
  let store: Required<Store>
  before(async () => {
    server = await servers.redis.start()
    client = createClient({ socket: { host: '127.0.0.1', port: server.port } })
    await client.connect()
    store = redis(client, { prefix: 'sess:' }) as Required<Store>
  })
  after(async () => {
    await store.close()
    client.destroy()
    await server.stop()
  })
  const app = (context: TestContext) => expressSessionApp(context, new RedisStore({ client }))
  const begin = async (context: TestContext) => {
    const visit = await app(context)
    const id: string = await visit(undefined, (session) => {
      session.cart = ['a']
      return session.id
    })
    return { visit, id, key: `sess:${id}` }
  }

  test('STO-19 they are nobody’s, with their data and their time', async (context) => {
    const { id } = await begin(context)
    const { userId, claims, data, created, expires } = await living(store, id)
    assert.deepEqual([userId, claims, data], [undefined, '{}', '{"cart":["a"]}'])
    assert.ok(Math.abs(expires - created - TEN_MINUTES) < 60_000)
    assert.equal(await redis(client).read(id), undefined, 'only under its prefix')
  })

  test('STO-19 what is written here express-session reads, and the other way round', async (context) => {
    const { visit, id } = await begin(context)
    const read = await living(store, id)
    const next = { ...read, version: newVersion(), userId: 'ada', data: '{"cart":["a","b"]}' }
    assert.equal(await store.update(id, next, read.version), 'ok')
    const stored = await living(store, id)
    assert.deepEqual({ ...stored, expires: 0 }, { ...next, expires: 0 })
    assert.deepEqual(await visit(id, (it) => it.cart), ['a', 'b'])
    await visit(id, (it) => it.cart.push('c'))
    const theirs = await living(store, id)
    assert.deepEqual([theirs.userId, theirs.data], ['ada', '{"cart":["a","b","c"]}'])
    assert.equal(await store.update(id, next, next.version), 'conflict')
  })

  test('STO-11 each hears when the other touches', async (context) => {
    const { visit, id, key } = await begin(context)
    await client.expire(key, 5)
    assert.ok((await living(store, id)).expires < Date.now() + TEN_MINUTES / 2)
    await visit(id, () => undefined)
    const { version, expires } = await living(store, id)
    assert.ok(
      expires > Date.now() + TEN_MINUTES / 2,
      'connect-redis moves the expiry of the key only',
    )
    assert.equal(await store.touch(id, expires + TEN_MINUTES), true)
    assert.equal((await living(store, id)).version, version)
    assert.ok((await client.pTTL(key)) > 1.5 * TEN_MINUTES)
    assert.equal(await store.touch(id, 1), true)
    assert.ok((await client.pTTL(key)) > 1.5 * TEN_MINUTES)
    assert.deepEqual(await visit(id, (it) => it.cart), ['a'])
  })

  test('RAC-01 R17 one that was ended stays so for slow requests', async (context) => {
    const { visit, id, key } = await begin(context)
    const read = await living(store, id)
    assert.equal(await store.end(id, 'another version'), 'conflict')
    assert.equal(await store.end(id, read.version), 'ok')
    assert.equal(await store.read(id), ENDED)
    assert.equal(await store.update(id, read, read.version), 'gone')
    assert.equal(await store.touch(id, read.expires + 1), false)
    assert.equal(await store.end(id), 'gone')
    assert.equal(await store.create(id, read), false)
    assert.equal(await client.exists(key), 0)
    assert.notEqual(await visit(id, (it) => it.id), id)
  })

  test('RAC-01 one that express-session revives is not served while its end is remembered', async (context) => {
    const { id, key } = await begin(context)
    const text = await client.get(key)
    const read = await living(store, id)
    assert.equal(await store.end(id), 'ok')
    await client.set(key, text!)
    assert.equal(await store.read(id), ENDED)
    assert.equal(await store.update(id, read, read.version), 'gone')
    assert.equal(await store.touch(id, read.expires + 1), false)
    assert.equal(await store.end(id), 'gone')
  })

  test('STO-02 its id is taken', async (context) => {
    const { visit, id } = await begin(context)
    assert.equal(await store.create(id, lasting()), false)
    await visit(id, (it) => void it.destroy())
    assert.equal(await store.read(id), undefined)
    assert.equal(await store.create(id, lasting()), true)
  })

  test('RAC-09 writers lose no increment of theirs', async (context) => {
    const { id } = await begin(context)
    const random = seededRandom(1)
    const write = async () => {
      for (let n = 0; n < 10; n++) {
        await change(store, id, random, (data) => ({ ...data, n: Number(data['n'] ?? 0) + 1 }))
      }
    }
    await Promise.all(Array.from({ length: 8 }, write))
    assert.deepEqual(JSON.parse((await living(store, id)).data), { cart: ['a'], n: 80 })
  })

  test('SES-26 a mark ends those that were bound to its user', async (context) => {
    const { id } = await begin(context)
    const read = await living(store, id)
    await store.update(id, { ...read, version: newVersion(), userId: 'grace' }, read.version)
    await store.revokeUser('grace', markAt({ now: Date.now }))
    const { version } = read
    assert.equal(await store.read(id), ENDED)
    assert.equal(await store.update(id, read, version), 'gone')
    assert.equal(await store.touch(id, read.expires + 1), false)
    assert.equal(await store.end(id), 'gone')
  })

  test('STO-16 what is no session is not there, and stays', async () => {
    for (const text of ['{', '[]', '{}', '{"cookie":1}', 'null']) {
      const id = newId()
      await client.set(`sess:${id}`, text)
      assert.equal(await store.read(id), undefined)
      assert.equal(await store.update(id, lasting(), 'v'), 'gone')
      assert.equal(await store.end(id), 'gone')
      assert.equal(await client.get(`sess:${id}`), text)
    }
  })
})
