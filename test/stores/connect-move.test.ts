// An app that moves here from express-session, and back: both on one store.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import { connect } from '../../src/stores/connect.ts'
import { newId, newVersion, recordAt, Clock, MINUTE } from '../../src/testing/store-bench.ts'
import { living } from '../../src/testing/store-races.ts'
import { require } from '../support/express-session.ts'

const session = require('express-session')
const secret = 'as the app had it'

/** What a request of the app before the move does with its session. */
type Handler = (session: any) => unknown

describe('an app of express-session on the store of connect()', () => {
  test('STO-19 what it stored is read and kept, and what is written here it reads', async (context) => {
    const { visit, store } = await start(context)
    const id = await visit(undefined, (it) => {
      it.cart = ['a']
      return it.id
    })
    const read = await living(store, id)
    assert.deepEqual([read.userId, read.data], [undefined, '{"cart":["a"]}'])
    const data = '{"cart":["a","b"]}'
    assert.equal(
      await store.update(id, { ...read, version: newVersion(), data }, read.version),
      'ok',
    )
    const seen = await visit(id, (it) => ({ id: it.id, cart: it.cart, cookie: it.cookie }))
    assert.deepEqual([seen.id, seen.cart], [id, ['a', 'b']])
    assert.equal(new Date(seen.cookie.expires).getTime(), read.expires)
    assert.equal(seen.cookie.sameSite, 'strict', 'as its middleware had stored it')
  })

  test('R18 what it writes over a session of ours is noticed, and the user stays', async (context) => {
    const { visit, store } = await start(context)
    const [id, record] = [newId(), recordAt(new Clock(), { data: '{"cart":["a"]}' })]
    await store.create(id, record)
    await visit(id, (it) => it.cart.push('b'))
    const read = await living(store, id)
    assert.deepEqual([read.userId, read.claims], [record.userId, record.claims])
    assert.equal(read.data, '{"cart":["a","b"]}')
    assert.equal(await store.update(id, record, record.version), 'conflict')
    assert.equal(await store.update(id, record, read.version), 'ok')
  })

  test('R18 what it only reads and touches is the same version', async (context) => {
    const { visit, store } = await start(context)
    const [id, record] = [newId(), recordAt(new Clock())]
    await store.create(id, record)
    assert.deepEqual(await visit(id, (it) => it.cart), [1])
    const { version, expires } = await living(store, id)
    assert.equal(version, record.version)
    assert.ok(expires >= record.expires)
  })

  test('R17 each hears of the logout of the other', async (context) => {
    const { visit, store } = await start(context)
    const [ours, theirs] = [newId(), newId()]
    await store.create(ours, recordAt(new Clock()))
    await store.create(theirs, recordAt(new Clock()))
    await store.end(ours)
    assert.notEqual(await visit(ours, (it) => it.id), ours)
    await visit(theirs, (it) => void it.destroy())
    assert.equal(await store.read(theirs), undefined)
  })
})

async function start(context: TestContext) {
  const shared = new session.MemoryStore()
  const cookie = { maxAge: 10 * MINUTE, sameSite: 'strict' }
  const middleware = session({
    secret,
    store: shared,
    resave: false,
    saveUninitialized: false,
    cookie,
  })
  let handler: Handler
  const listener: RequestListener = (request, response) =>
    middleware(request, response, () => {
      const { session: current } = request as unknown as { session: unknown }
      response.end(JSON.stringify(handler(current) ?? null))
    })
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const { port } = server.address() as { port: number }

  /** A request with the cookie of this session; what the handler answers. */
  const visit = async (id: string | undefined, handle: Handler): Promise<any> => {
    handler = handle
    const headers: Record<string, string> = id === undefined ? {} : { cookie: signed(id) }
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
    return response.json()
  }
  return { visit, store: connect(shared) }
}

function signed(id: string): string {
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
}
