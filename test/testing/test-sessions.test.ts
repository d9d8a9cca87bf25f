import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type JSONWebKeySet,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
} from 'jose'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { testSessions } from '../../src/testing/index.ts'

const alice = { id: 'alice' }

describe('testSessions()', () => {
  test('ends a session when the test says so, and not before', async () => {
    const { clock, login } = testSessions({ idle: '1h', absolute: '3h' })
    const { session } = await login(alice)
    const before = clock.now()
    clock.advance('59m')
    assert.equal(clock.now() - before, 59 * 60_000)
    assert.deepEqual(await session.read(), {})
    clock.advance(60_000)
    assert.equal(await session.read(), undefined)
  })

  test('a token is of the time of the clock', async () => {
    const { clock, login } = testSessions({ now: () => Date.UTC(2035, 0), tokenLife: '15m' })
    clock.advance('1d')
    const { exp } = decodeJwt((await login(alice)).value)
    assert.equal(exp, Date.UTC(2035, 0, 2) / 1000 + 900)
  })

  test('time stands, or goes by the clock that is given', (context) => {
    let time = Date.UTC(2035, 0)
    const { clock } = testSessions({ now: () => time })
    clock.advance('1s')
    time += 500
    assert.equal(clock.now(), Date.UTC(2035, 0) + 1500)
    context.mock.timers.enable({ apis: ['Date'], now: time })
    const { now } = testSessions().clock
    const earlier = now()
    context.mock.timers.tick(5000)
    assert.equal(now(), earlier)
  })

  test('time does not go back, and is a duration', () => {
    const { clock } = testSessions()
    for (const wrong of [-1, '1 hour', NaN]) {
      assert.throws(() => clock.advance(wrong as never), { code: 'invalid_option' })
    }
  })

  for (const alg of ['HS256', 'ES256', 'RS256', 'EdDSA'] as const) {
    test(`signs by a key of its own: ${alg}`, async () => {
      const [one, other] = [testSessions({ alg }), testSessions({ alg })]
      const { value, cookie } = await one.login(alice)
      assert.equal(decodeProtectedHeader(value).alg, alg)
      const foreign = await other.sessions.open({ cookie, method: 'GET', navigation: false })
      assert.equal(foreign.auth, undefined)
      assert.equal(other.sessions.counts.rejected, 1)
    })
  }

  test('a production app refuses its tokens, though it has the same store', async () => {
    const store = memory()
    const production = createSessions({ keys: 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe', store })
    const { sessions, login } = testSessions({ store })
    const { cookie } = await login(alice)
    const asks = { cookie, method: 'GET', navigation: false }
    assert.equal((await sessions.open(asks)).auth?.sub, 'alice')
    assert.equal((await production.open(asks)).auth, undefined)
    assert.equal(production.counts.rejected, 1)
  })

  test('takes every option of createSessions, and refuses what is none', async () => {
    const issuer = 'https://app.test'
    const { sessions, login } = testSessions({
      issuer,
      fields: [['roles', 'r']],
      user: (id) => ({ id, roles: ['admin'] }),
      cookie: { name: 'own' },
    })
    const { name, value } = await login({ id: 'alice', roles: ['admin'] })
    assert.equal(name, 'own')
    const answer = await sessions.wellKnown.fetch(new Request(`${issuer}/.well-known/jwks.json`))
    const keys = createLocalJWKSet((await answer!.json()) as JSONWebKeySet)
    const { payload } = await jwtVerify(value, keys, { issuer })
    assert.deepEqual(payload['r'], ['admin'])
    assert.throws(() => testSessions({ maxAge: 5 } as object), { code: 'invalid_option' })
    assert.throws(() => testSessions({ idle: '31d' }), { code: 'invalid_option' })
  })
})
