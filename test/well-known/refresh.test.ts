import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { requireAuth } from '../../src/adapters/verify/express.ts'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import { probe } from '../../src/testing/store-probe.ts'
import { createVerifier } from '../../src/verify/index.ts'
import { publisher } from '../verify/publisher.ts'

const issuer = 'https://app.example'
const HOUR = 3_600_000

function setUp() {
  const clock = { time: Date.now() }
  const now = (): number => clock.time
  const store = probe(memory({ now }), 'later')
  const users = new Map([['alice', { id: 'alice', role: 'reader' }]])
  const sessions = createSessions({
    keys: generateKey(),
    fields: ['role'],
    issuer,
    store,
    now,
    user: (id) => users.get(id) ?? null,
  })
  return { clock, store, users, sessions }
}

function ask(cookie: string, more: { method?: string; origin?: string } = {}): Request {
  const { method = 'POST', origin = issuer } = more
  return new Request(`${issuer}/refresh`, { method, headers: { cookie, origin } })
}

describe('R33 refresh', () => {
  test('renews the cookie of an allowed origin, and is no use of the session', async () => {
    const { clock, sessions, users } = setUp()
    const refresh = sessions.refresh({ origins: ['https://spa.example'] })
    const { cookie } = await login(sessions, users.get('alice')!)
    users.set('alice', { id: 'alice', role: 'admin' })
    clock.time += HOUR
    const before = (await sessions.open({ cookie, method: 'GET', navigation: false })).expires
    const answer = await refresh.fetch(ask(cookie, { origin: 'https://spa.example' }))
    assert.equal(answer?.status, 204)
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://spa.example')
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const [line = ''] = answer.headers.getSetCookie()
    const [pair = ''] = line.split(';')
    const claims = decodeJwt(pair.slice(pair.indexOf('=') + 1))
    assert.deepEqual([claims['role'], claims.sub], ['admin', 'alice'])
    assert.ok(claims.exp! * 1000 > clock.time)
    const renewed = await sessions.open({ cookie: pair, method: 'GET', navigation: false })
    assert.deepEqual(renewed.auth?.sub, 'alice')
    assert.ok(before!.getTime() <= clock.time - HOUR + 14 * 24 * HOUR)
  })

  test('counts as use only when asked to', async () => {
    const { clock, sessions, users } = setUp()
    const { cookie } = await login(sessions, users.get('alice')!)
    const expires = async (): Promise<number> =>
      (await sessions.open({ cookie, method: 'POST', navigation: false })).expires!.getTime()
    const first = await expires()
    clock.time += HOUR
    assert.equal((await sessions.refresh().fetch(ask(cookie)))?.status, 204)
    assert.equal(await expires(), first)
    assert.equal((await sessions.refresh({ use: true }).fetch(ask(cookie)))?.status, 204)
    assert.equal(await expires(), first + HOUR)
  })

  test('refuses other origins, none, and other methods; answers a preflight', async () => {
    const { sessions, users, store } = setUp()
    const refresh = sessions.refresh()
    const { cookie } = await login(sessions, users.get('alice')!)
    store.calls.length = 0
    const status = async (request: Request): Promise<number | undefined> =>
      (await refresh.fetch(request))?.status
    assert.equal(await status(ask(cookie, { origin: 'https://evil.example' })), 403)
    assert.equal(await status(ask(cookie, { origin: 'null' })), 403)
    const bare = new Request(`${issuer}/refresh`, { method: 'POST', headers: { cookie } })
    assert.equal(await status(bare), 403)
    assert.equal(await status(ask(cookie, { method: 'GET' })), 405)
    for (const origin of ['capacitor://localhost', 'file:///', 'urn:app']) {
      assert.throws(() => sessions.refresh({ origins: [origin] }), { code: 'invalid_option' })
    }
    const preflight = await refresh.fetch(ask('', { method: 'OPTIONS' }))
    assert.equal(preflight?.status, 204)
    assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST')
    assert.deepEqual(store.calls, [])
  })

  test('without a session 401; an ended one, a user that is gone and a store that fails get none', async () => {
    const { sessions, users, store } = setUp()
    const refresh = sessions.refresh()
    assert.equal((await refresh.fetch(ask('')))?.status, 401)
    const { cookie } = await login(sessions, users.get('alice')!)
    store.failing.add('touch')
    const failed = await refresh.fetch(ask(cookie))
    assert.deepEqual([failed?.status, failed?.headers.getSetCookie()], [500, []])
    store.failing.clear()
    users.clear()
    const gone = await refresh.fetch(ask(cookie))
    assert.equal(gone?.status, 401)
    assert.ok(gone.headers.getSetCookie().every((line) => /Max-Age=0/.test(line)))
    assert.equal(
      (await sessions.open({ cookie, method: 'GET', navigation: false })).auth,
      undefined,
    )
  })
})

describe('R30 R33 where a cookie is renewed', () => {
  test('a path: all others are handed on, and the manifest names it', async () => {
    const { sessions, users } = setUp()
    const manifest = async (): Promise<Record<string, unknown>> => {
      const answer = await sessions.wellKnown.fetch(
        new Request(`${issuer}/.well-known/session.json`),
      )
      return (await answer?.json()) as Record<string, unknown>
    }
    sessions.refresh()
    assert.ok(!('refresh_uri' in (await manifest())))
    const refresh = sessions.refresh({ path: '/auth/refresh' })
    sessions.refresh()
    assert.equal((await manifest())['refresh_uri'], `${issuer}/auth/refresh`)
    const { cookie } = await login(sessions, users.get('alice')!)
    const request = ask(cookie)
    assert.equal(await refresh.fetch(request), undefined)
    const right = new Request(`${issuer}/auth/refresh?x=1`, request)
    assert.equal((await refresh.fetch(right))?.status, 204)
  })

  test('a path that leads elsewhere is told at construction', () => {
    const { sessions } = setUp()
    for (const path of ['', 'refresh', '//evil.example', '/\\evil.example', '/a?b', '/a#b', '/ä']) {
      assert.throws(() => sessions.refresh({ path }), {
        code: 'invalid_option',
        message: /path must be a path of this site/,
      })
    }
  })

  test('R31 the 401 of a neighbour that was told nothing leads to a new cookie', async () => {
    const clock = { time: Date.now() }
    const now = (): number => clock.time
    const app = await publisher((request, response) =>
      sessions.wellKnown(request, response, () => refresh(request, response)),
    )
    const store = memory({ now })
    const sessions = createSessions({ keys: generateKey(), issuer: app.origin, store, now })
    const refresh = sessions.refresh({ path: '/refresh' })
    const guard = requireAuth(createVerifier({ app: app.origin, now }))
    const service = await publisher((request, response) =>
      guard(request, response, () => void response.end('welcome')),
    )
    const { cookie } = await login(sessions, { id: 'alice' })
    clock.time += HOUR
    const refused = await fetch(service.origin, { headers: { cookie } })
    const [, renew = ''] = /renew="(.*)"/.exec(refused.headers.get('www-authenticate')!) ?? []
    assert.deepEqual([refused.status, renew], [401, `${app.origin}/refresh`])
    const headers = { cookie, origin: app.origin }
    const renewed = await fetch(renew, { method: 'POST', headers })
    assert.equal(renewed.status, 204)
    const [line = ''] = renewed.headers.getSetCookie()
    const welcome = await fetch(service.origin, { headers: { cookie: line.split(';')[0]! } })
    assert.equal(await welcome.text(), 'welcome')
  })
})

describe('R35 tokenFor', () => {
  test('a token for one audience, without sk, that opens nothing', async () => {
    const { clock, sessions, users } = setUp()
    const { cookie, name } = await login(sessions, users.get('alice')!)
    const token = await sessions.tokenFor({ headers: { cookie } }, { audience: 'billing' })
    const claims = decodeJwt(token!)
    assert.deepEqual(
      [claims.sub, claims.aud, claims.iss, claims['role']],
      ['alice', 'billing', issuer, 'reader'],
    )
    assert.equal(claims.exp, Math.floor(clock.time / 1000) + 300)
    assert.ok(!('sk' in claims))
    const visit = await sessions.open({
      cookie: `${name}=${token}`,
      method: 'GET',
      navigation: false,
    })
    assert.equal(visit.auth, undefined)
    const headers = new Headers({ cookie })
    assert.ok(await sessions.tokenFor({ headers }, { audience: 'billing', life: '1m' }))
  })

  test('nobody gets none, and an audience is needed', async () => {
    const { sessions, users } = setUp()
    assert.equal(await sessions.tokenFor({ headers: {} }, { audience: 'billing' }), undefined)
    const { cookie } = await login(sessions, users.get('alice')!)
    await assert.rejects(sessions.tokenFor({ headers: { cookie } }, { audience: '' }), {
      code: 'invalid_option',
    })
    const visit = await sessions.open({ cookie, method: 'POST', navigation: false })
    await visit.logout()
    assert.equal(await sessions.tokenFor({ headers: { cookie } }, { audience: 'b' }), undefined)
  })
})
