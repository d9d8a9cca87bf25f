import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import { type VerifiableRequest, createVerifier } from '../../src/verify/index.ts'
import { KEYS, NOW, SESSION, forge } from '../token/fixtures.ts'
import { Clock, ISSUER, verifierOf } from './fixtures.ts'
import { publisher } from './publisher.ts'

/** An app, one of its sessions, and a token for the service "reports". */
async function setUp(more: { audience?: string } = {}) {
  const server = await publisher((request, response) => sessions.wellKnown(request, response))
  const sessions = createSessions({
    keys: generateKey(),
    issuer: server.origin,
    fields: [['id', 'uid', 'userId']],
    store: memory(),
    ...more,
  })
  const { cookie, name } = await login(sessions, { id: 'alice' })
  const token = await sessions.tokenFor({ headers: { cookie } }, { audience: 'reports' })
  return { app: server.origin, server, sessions, cookie, name, token: token! }
}

const claims = { sub: 'alice', uid: 'alice', userId: 'alice' }
const bearer = (token: string): VerifiableRequest =>
  new Request('https://reports.example', { headers: { authorization: `Bearer ${token}` } })

describe('R35 a verifier of tokens for one service', () => {
  test('the app’s address and the service’s name are all that is needed', async () => {
    const { app, server, token } = await setUp()
    const verify = createVerifier({ app, tokenFor: 'reports' })
    assert.equal(verify.header, 'Authorization')
    assert.deepEqual(await verify(bearer(token)), claims)
    assert.deepEqual(await verify({ token }), claims)
    const { session, expires } = (await verify.check({ token })) as Record<string, unknown>
    assert.equal(session, '')
    assert.ok((expires as number) <= Date.now() + 300_000)
    // What ends in five minutes needs no list of what ended before.
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ['session.json', 'jwks.json'].map((it) => `/.well-known/${it}`),
    )
  })

  test('it is found in Authorization alone, in one form of it', async () => {
    const { app, token, name } = await setUp()
    const verify = createVerifier({ app, tokenFor: 'reports' })
    for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token}`]) {
      assert.deepEqual(await verify({ headers: { authorization } as object }), claims)
    }
    for (const request of [
      {},
      { headers: {} },
      { headers: { authorization: token } },
      { headers: { authorization: `Basic ${token}` } },
      { headers: { authorization: `Bearer ${token}, Bearer ${token}` } },
      { headers: { authorization: [`Bearer ${token}`, `Bearer ${token}`] } },
      { headers: { cookie: `${name}=${token}` } },
      { headers: { cookie: `Bearer ${token}` } },
      { cookie: `${name}=${token}` },
      { cookie: `Bearer ${token}` },
      { token: undefined },
    ]) {
      const { reason } = await verify.check(request as VerifiableRequest)
      assert.equal(reason, 'missing', JSON.stringify(Object.keys(request)))
    }
  })

  test('a request of node:http', async () => {
    const { app, token } = await setUp()
    const verify = createVerifier({ app, tokenFor: 'reports' })
    const service = await publisher((request, response) => {
      void verify(request).then((auth) => response.end(JSON.stringify(auth ?? null)))
    })
    const answer = await fetch(service.origin, { headers: { authorization: `Bearer ${token}` } })
    assert.deepEqual(await answer.json(), claims)
  })

  test('CLM-32 CLM-37 no session passes for one, whatever its audience', async () => {
    for (const audience of [undefined, 'web']) {
      const { app, cookie, name } = await setUp(audience === undefined ? {} : { audience })
      const session = cookie.slice(name.length + 1)
      for (const tokenFor of ['reports', 'web']) {
        const verify = createVerifier({ app, tokenFor })
        for (const request of [bearer(session), { token: session }]) {
          assert.equal((await verify.check(request)).reason, 'claims')
        }
        assert.equal((await verify.check({ headers: { cookie } })).reason, 'missing')
      }
    }
  })

  test('CLM-32 CLM-37 it passes for no session, with a neighbour and with the app', async () => {
    const { app, token, name, sessions } = await setUp()
    for (const options of [{ app }, { app, audience: 'reports' }]) {
      const neighbour = createVerifier(options)
      for (const request of [{ token }, { cookie: `${name}=${token}` }]) {
        assert.equal((await neighbour.check(request)).reason, 'claims')
      }
      assert.equal((await neighbour.check(bearer(token))).reason, 'missing')
    }
    const cookie = `${name}=${token}`
    const visit = await sessions.open({ cookie, method: 'GET', navigation: false })
    assert.equal(visit.auth, undefined)
    assert.equal(
      await sessions.tokenFor({ headers: { cookie } }, { audience: 'reports' }),
      undefined,
    )
  })

  test('CLM-33 another service’s is refused, and one for nobody, and one without end', async () => {
    const { app, token } = await setUp()
    const billing = createVerifier({ app, tokenFor: 'billing' })
    assert.deepEqual(await billing.check({ token }), { reason: 'audience' })
    const clock = new Clock()
    const verify = verifierOf('ES256', { tokenFor: 'reports', now: clock.read })
    const { sk: _, ...times } = SESSION
    const reasonOf = async (more: object): Promise<string | undefined> => {
      const payload = { ...times, iss: ISSUER, sub: '7', aud: 'reports', ...more }
      return (await verify.check({ token: forge(KEYS.ES256, JSON.stringify(payload)) })).reason
    }
    assert.equal(await reasonOf({}), undefined)
    for (const [more, reason] of [
      [{ aud: undefined }, 'audience'],
      [{ aud: '' }, 'audience'],
      [{ aud: 'Reports' }, 'audience'],
      [{ aud: ['billing'] }, 'audience'],
      [{ aud: [['reports']] }, 'audience'],
      [{ iss: 'https://other.example' }, 'issuer'],
      [{ sub: undefined }, 'anonymous'],
      [{ sub: '' }, 'claims'],
      [{ exp: undefined }, 'claims'],
      [{ iat: undefined }, 'claims'],
      [{ sk: SESSION.sk }, 'claims'],
      [{ sk: 7 }, 'claims'],
      [{ sk: null }, 'claims'],
      [{ sk: {} }, 'claims'],
      [{ exp: NOW - 31 + 1, iat: NOW - 60 }, 'expired'],
    ] as const) {
      assert.equal(await reasonOf(more), reason, JSON.stringify(more))
    }
    clock.pass(931_000)
    assert.equal(await reasonOf({}), 'expired')
  })

  test('the session’s claim may have another name, and its life another length', async () => {
    const verify = verifierOf('ES256', { tokenFor: 'reports', sessionField: 'sid' })
    const { sk, ...times } = SESSION
    const payload = { ...times, iss: ISSUER, sub: '7', aud: 'reports' }
    const made = (more: object): string =>
      forge(KEYS.ES256, JSON.stringify({ ...payload, ...more }))
    assert.equal((await verify.check({ token: made({ sid: sk }) })).reason, 'claims')
    assert.deepEqual(await verify({ token: made({}) }), { sub: '7' })
    const short = verifierOf('ES256', { tokenFor: 'reports', tokenLife: '5m' })
    assert.equal((await short.check({ token: made({}) })).reason, 'claims')
  })

  test('CLM-37 whom a verifier is for is said once', () => {
    const options = { app: ISSUER, tokenFor: 'reports', audience: 'reports' }
    assert.throws(() => createVerifier(options), { code: 'invalid_option' })
  })
})
