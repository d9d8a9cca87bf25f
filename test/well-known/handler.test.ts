import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import { faulty } from '../support/stores.ts'

const issuer = 'https://app.example'
const store = faulty(memory())
const key = generateKey()
const sessions = createSessions({
  keys: [key, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  fields: [['id', 'uid', 'userId'], 'org.name'],
  issuer,
  store,
})
const server = createServer((req, res) => sessions.wellKnown(req, res)).listen(0, '127.0.0.1')
before(() => once(server, 'listening'))
after(() => server.close())
const address = (path: string): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`

describe('R30 the public documents', () => {
  test('KEY-17 the key set holds public members alone, and verifies our cookies', async () => {
    const response = await fetch(address('/.well-known/jwks.json'))
    const jwks = (await response.json()) as { keys: Record<string, string>[] }
    assert.deepEqual(
      jwks.keys.map(({ alg, use }) => [alg, use]),
      [
        ['ES256', 'sig'],
        ['RS256', 'sig'],
      ],
    )
    for (const jwk of jwks.keys) {
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'])
        assert.ok(!(name in jwk), name)
    }
    assert.ok(!JSON.stringify(jwks).includes(key['d'] as string))
    const { value } = await login(sessions, { id: 'alice', org: { name: 'Acme' } })
    const { payload, protectedHeader } = await jwtVerify(value, createLocalJWKSet(jwks as never), {
      issuer,
    })
    assert.deepEqual(protectedHeader, { alg: 'ES256', kid: key.kid, typ: 'JWT' })
    assert.deepEqual([payload.sub, payload['uid'], payload['org.name']], ['alice', 'alice', 'Acme'])
  })

  test('the manifest names what a neighbour needs', async () => {
    const response = await fetch(address('/.well-known/session.json'))
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.deepEqual(await response.json(), {
      issuer,
      jwks_uri: 'https://app.example/.well-known/jwks.json',
      cookie: 'session',
      session_field: 'sk',
      token_life: 900,
      revocations_uri: 'https://app.example/.well-known/session-revocations',
      fields: [
        { short: 'uid', long: 'userId' },
        { short: 'org.name', long: 'org.name' },
      ],
    })
  })

  test('KEY-18 KEY-19 headers, HEAD, 304, 405; no cookie, no store call', async () => {
    store.calls.length = 0
    const { cookie } = { cookie: 'session=whatever' }
    const get = await fetch(address('/.well-known/jwks.json?x=1'), { headers: { cookie } })
    assert.equal(get.headers.get('content-type'), 'application/jwk-set+json')
    assert.equal(get.headers.get('access-control-allow-origin'), '*')
    assert.match(get.headers.get('cache-control')!, /^public, max-age=\d+$/)
    assert.deepEqual([get.headers.getSetCookie(), get.headers.get('vary')], [[], null])
    const etag = get.headers.get('etag')!
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status } = await fetch(address('/.well-known/jwks.json'), {
        headers: { 'if-none-match': tag },
      })
      assert.equal(status, 304, tag)
    }
    const head = await fetch(address('/.well-known/jwks.json'), { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('etag'), await head.text()], [200, etag, ''])
    const post = await fetch(address('/.well-known/jwks.json'), { method: 'POST' })
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
    assert.equal((await fetch(address('/other'))).status, 404)
    assert.deepEqual(store.calls, [])
  })

  test('the same for fetch handlers', async () => {
    const answer = await sessions.wellKnown.fetch(new Request(`${issuer}/.well-known/jwks.json`))
    assert.equal(
      await answer!.text(),
      await (await fetch(address('/.well-known/jwks.json'))).text(),
    )
    assert.equal(await sessions.wellKnown.fetch(new Request(`${issuer}/`)), undefined)
  })

  test('a secret or a missing issuer is told at start, with what to do', () => {
    const secret = createSessions({ keys: 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe', issuer, store })
    assert.throws(() => secret.wellKnown, { code: 'invalid_option', message: /symbolon keygen/ })
    const nameless = createSessions({ keys: generateKey(), store })
    assert.throws(() => nameless.wellKnown, { code: 'invalid_option', message: /issuer/ })
  })
})
