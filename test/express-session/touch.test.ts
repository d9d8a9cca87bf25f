import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { describe, test, type TestContext } from 'node:test'
import { sessionCookie } from './client.ts'
import { Kit, type Served } from './kit.ts'
import { EXPRESS_VERSIONS, OURS } from './subjects.ts'

const kit = new Kit(OURS, EXPRESS_VERSIONS[1]!.express)

type Begun = Served & { cookie: string; id: string; calls: string[] }

/** An app whose store counts what it is asked, from the session's beginning on. */
async function counting(
  t: TestContext,
  options: Record<string, unknown> = {},
  handler?: (req: any, res: any) => unknown,
): Promise<Begun> {
  const store = new OURS.session.MemoryStore()
  const served = await kit.begun(t, { options: { ...options, store }, ...(handler && { handler }) })
  const calls: string[] = []
  for (const name of ['get', 'set', 'touch', 'destroy']) {
    const call = store[name]
    store[name] = function counted(...args: unknown[]) {
      calls.push(name)
      return call.apply(this, args)
    }
  }
  return { ...served, id: Object.keys(store.sessions)[0]!, calls }
}

async function callsOf({ get, cookie, calls }: Begun, path = '/'): Promise<string> {
  calls.length = 0
  assert.equal((await get(path, { cookie })).status, 200)
  return calls.join()
}

describe('what a touch asks the store', () => {
  test('once a touch was seen to write no data, the session is read once', async (t) => {
    const begun = await counting(t)
    assert.equal(await callsOf(begun), 'get,get,touch,get')
    assert.equal(await callsOf(begun), 'get,touch')
  })

  test('R18 a touch that writes the data reads them before, always', async (t) => {
    const begun = await counting(t)
    const { store } = begun
    store.touch = (id: string, session: object, done: any) => {
      begun.calls.push('touch')
      store.sessions[id] = JSON.stringify(session)
      done()
    }
    assert.equal(await callsOf(begun), 'get,get,touch,get')
    assert.equal(await callsOf(begun), 'get,get,touch')
    assert.equal(await callsOf(begun), 'get,get,touch')
  })

  test('R18 one that keeps the session itself undoes no change of another request', async (t) => {
    let during = async (): Promise<void> => {}
    const begun = await counting(t, {}, async (req, res) => {
      if (req.path === '/write') req.session.cart = 'full'
      if (req.path === '/slow') await during()
      res.end(req.session.cart)
    })
    const { store, get, cookie } = begun
    const kept = new Map<string, object>([[begun.id, JSON.parse(store.sessions[begun.id])]])
    store.get = (id: string, done: any) => done(null, kept.get(id))
    store.touch = store.set = (id: string, session: object, done: any) => {
      kept.set(id, session)
      done()
    }
    const other = sessionCookie(await get('/begin'))!
    await get('/', { cookie: other })
    during = async () => void (await get('/write', { cookie }))
    await get('/slow', { cookie })
    assert.equal((await get('/', { cookie })).body, 'full')
  })

  test('R18 one that begins to write the data is found out', async (t) => {
    const begun = await counting(t)
    const { store } = begun
    let writes = false
    store.touch = (id: string, session: object, done: any) => {
      begun.calls.push('touch')
      if (writes) store.sessions[id] = JSON.stringify(session)
      done()
    }
    await callsOf(begun)
    writes = true
    assert.equal(await callsOf(begun), 'get,touch')
    assert.equal(await callsOf(begun), 'get,get,touch')
  })

  test('a store that cannot be watched gets a plain session', async (t) => {
    const begun = await counting(t)
    const touched: object[] = []
    begun.store.touch = (_id: string, session: object, done: any) => {
      begun.calls.push('touch')
      touched.push(structuredClone(session))
      done()
    }
    await callsOf(begun)
    assert.equal(touched.length, 0)
    assert.equal(await callsOf(begun), 'get,get,touch')
    assert.equal(touched.length, 1)
  })

  test('R15 with a cookie goes the word of the store that the session lives', async (t) => {
    const begun = await counting(t, { rolling: true })
    assert.equal(await callsOf(begun), 'get,get,touch,get')
    assert.equal(await callsOf(begun), 'get,get,touch')
  })

  test('R15 a session that ended elsewhere meanwhile gets no cookie', async (t) => {
    let during = (): void => {}
    const { get, cookie, store, id } = await counting(t, { rolling: true }, (_req, res) => {
      during()
      res.end()
    })
    assert.equal((await get('/', { cookie })).cookies.length, 1)
    during = () => void delete store.sessions[id]
    assert.deepEqual((await get('/', { cookie })).cookies, [])
    assert.deepEqual(Object.keys(store.sessions), [])
  })

  test('R10 what has ended in this process is not touched', async (t) => {
    let during = async (): Promise<void> => {}
    const begun = await counting(t, {}, async (req, res) => {
      if (req.path === '/end') return req.session.destroy(() => res.end())
      await during()
      return res.end()
    })
    await callsOf(begun)
    during = async () => void (await begun.get('/end', { cookie: begun.cookie }))
    assert.equal(await callsOf(begun), 'get,get,destroy')
  })

  test('R9 R44 one that fails is an event, and the answer goes on', async (t) => {
    const begun = await counting(t)
    await callsOf(begun)
    begun.store.touch = (_id: string, _session: object, done: any) => done(new Error('boom'))
    const events: any[] = []
    const hear = (event: unknown): void => void events.push(event)
    channel('symbolon').subscribe(hear)
    t.after(() => channel('symbolon').unsubscribe(hear))
    assert.equal((await begun.get('/', { cookie: begun.cookie })).status, 200)
    assert.deepEqual(
      events.map(({ code, error }) => [code, error.message]),
      [['store_error', 'boom']],
    )
  })

  test('R18 one that writes back what it has read is over before the next request of a client', async (t) => {
    const files = new Map<string, string>()
    const shared = (): any => {
      const store = new OURS.session.MemoryStore()
      store.get = (id: string, done: any) => done(null, JSON.parse(files.get(id) ?? 'null'))
      store.set = (id: string, session: object, done: any) => {
        files.set(id, JSON.stringify(session))
        done()
      }
      store.touch = (id: string, { cookie }: any, done: any) => {
        const session = { ...JSON.parse(files.get(id)!), cookie }
        setTimeout(() => store.set(id, session, done), 20)
      }
      store.destroy = (id: string, done: any) => done(void files.delete(id))
      return store
    }
    const handler = (req: any, res: any): void => {
      if (req.path === '/write') req.session.cart = 'full'
      if (req.path === '/end') return req.session.destroy(() => res.end())
      res.end(req.session.cart)
    }
    const { get, cookie } = await kit.begun(t, { options: { store: shared() }, handler })
    const elsewhere = await kit.serve(t, { options: { store: shared() }, handler })
    await get('/', { cookie })
    await get('/', { cookie })
    await elsewhere.get('/write', { cookie })
    assert.equal((await get('/', { cookie })).body, 'full')
    await elsewhere.get('/end', { cookie })
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(files.size, 0)
  })
})
