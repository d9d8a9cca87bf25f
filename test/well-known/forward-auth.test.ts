import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import { probe } from '../../src/testing/store-probe.ts'

const store = probe(memory(), 'later')
const sessions = createSessions({
  keys: generateKey(),
  fields: [['id', 'uid', 'userId'], ['name', 'n', 'name'], 'roles'],
  issuer: 'https://app.example',
  store,
})
const headers = { 'X-User': 'userId', 'X-Name': 'name', 'X-Roles': 'roles' }
const strict = sessions.forwardAuth({ headers })
const friendly = sessions.forwardAuth({ headers, login: '/login' })
const open = sessions.forwardAuth({ anonymous: true })
const server = createServer((request, response) => {
  const endpoint = { '/strict': strict, '/friendly': friendly, '/open': open }[request.url!]
  endpoint!(request, response)
}).listen(0, '127.0.0.1')
before(() => once(server, 'listening'))
after(() => server.close())

function ask(path: string, more: Record<string, string> = {}): Promise<Response> {
  const { port } = server.address() as AddressInfo
  return fetch(`http://127.0.0.1:${port}${path}`, { headers: more, redirect: 'manual' })
}

async function cookieOf(user: object): Promise<string> {
  const { name, value } = await login(sessions, user)
  return `${name}=${value}`
}

describe('R34 forwardAuth', () => {
  test('tells the gateway who the user is, in encoded headers, and writes nothing', async () => {
    const cookie = await cookieOf({ id: 'alice', name: 'Zoë 100%', roles: ['admin', 'ops'] })
    store.calls.length = 0
    const answer = await ask('/strict', { cookie })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('x-user'), 'alice')
    assert.equal(answer.headers.get('x-name'), 'Zo%C3%AB 100%25')
    assert.equal(answer.headers.get('x-roles'), '["admin","ops"]')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const claims = JSON.parse(
      Buffer.from(answer.headers.get('x-session-claims')!, 'base64url').toString(),
    ) as Record<string, unknown>
    assert.deepEqual(
      [claims['sub'], claims['name'], claims['n']],
      ['alice', 'Zoë 100%', 'Zoë 100%'],
    )
    assert.ok(!('sk' in claims))
    assert.deepEqual([store.calls, answer.headers.getSetCookie()], [['read'], []])
  })

  test('R13 within maxStale the store is asked of requests that may change something', async () => {
    const remembering = createSessions({
      keys: generateKey(),
      issuer: 'https://a.example',
      maxStale: '10s',
      store,
    })
    const { cookie } = await login(remembering, { id: 'alice' })
    const endpoint = remembering.forwardAuth()
    const readsOf = async (more: Record<string, string>): Promise<number> => {
      store.calls.length = 0
      const request = new Request('https://a.example/auth', { headers: { cookie, ...more } })
      assert.equal((await endpoint.fetch(request))?.status, 200)
      return store.calls.length
    }
    assert.equal(await readsOf({}), 1)
    assert.equal(await readsOf({}), 1, 'the gateway does not tell')
    for (const name of ['x-forwarded-method', 'x-original-method']) {
      assert.equal(await readsOf({ [name]: 'GET' }), 0)
      assert.equal(await readsOf({ [name]: 'POST' }), 1)
    }
  })

  test('without a user: 401, and every identity header is there, empty', async () => {
    for (const cookie of ['', 'session=x', 'session=a.b.c']) {
      const answer = await ask('/strict', { cookie, 'x-user': 'root' })
      assert.equal(answer.status, 401)
      for (const name of ['x-user', 'x-name', 'x-roles', 'x-session-claims']) {
        assert.equal(answer.headers.get(name), '', name)
      }
      assert.ok(answer.headers.has('www-authenticate'))
    }
    const passed = await ask('/open')
    assert.deepEqual([passed.status, passed.headers.get('x-auth-request-user')], [200, ''])
  })

  test('a browser that navigates is sent to the login page of this site, never elsewhere', async () => {
    const go = async (wanted: string): Promise<string | null> => {
      const more = { accept: 'text/html', 'x-forwarded-uri': wanted }
      const answer = await ask('/friendly', more)
      assert.deepEqual([answer.status, answer.headers.get('x-user')], [302, ''])
      return answer.headers.get('location')
    }
    assert.equal(await go('/notes?page=2'), '/login?next=%2Fnotes%3Fpage%3D2')
    for (const hostile of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a b']) {
      assert.equal(await go(hostile), '/login?next=%2F', hostile)
    }
    assert.equal((await ask('/friendly', { accept: 'application/json' })).status, 401)
  })

  test('a session that ended is refused at once, and a store that fails lets nobody pass', async () => {
    const cookie = await cookieOf({ id: 'bob', name: 'Bob', roles: [] })
    assert.equal((await ask('/strict', { cookie })).status, 200)
    store.failing.add('read')
    const failed = await ask('/open', { cookie })
    assert.deepEqual([failed.status, failed.headers.get('x-auth-request-user')], [500, null])
    store.failing.clear()
    const visit = await sessions.open({ cookie, method: 'POST', navigation: false })
    await visit.logout()
    assert.equal((await ask('/strict', { cookie })).status, 401)
  })

  test('the same for fetch handlers', async () => {
    const cookie = await cookieOf({ id: 'eve', name: 'Eve', roles: [] })
    const answer = await strict.fetch(new Request('https://app.example/v', { headers: { cookie } }))
    assert.deepEqual([answer?.status, answer?.headers.get('x-user')], [200, 'eve'])
  })

  test('bad options are told at start', () => {
    for (const to of ['https://evil.example', '//evil.example', 'login', '/login?x=1']) {
      assert.throws(() => sessions.forwardAuth({ login: to }), { code: 'invalid_option' }, to)
    }
    const nameless = createSessions({ keys: generateKey(), store: memory() })
    assert.throws(() => nameless.forwardAuth(), { code: 'invalid_option', message: /issuer/ })
  })
})
