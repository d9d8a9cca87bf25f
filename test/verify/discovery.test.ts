import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateKey } from '../../src/cli/keygen.ts'
import { sessionHash } from '../../src/session-names.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import {
  createVerifier,
  type VerifierOptions,
  type VerifierProblem,
} from '../../src/verify/index.ts'
import { eventually } from './fixtures.ts'
import { json, type Publisher, publisher, status } from './publisher.ts'

const key = generateKey()
const user = { id: 'alice', roles: ['admin'], org: { name: 'Acme' } }

/** The app itself, published on loopback. */
async function app(issuer?: string): Promise<{ app: Publisher; cookie: string }> {
  const server = await publisher((request, response) => sessions.wellKnown(request, response))
  const sessions = createSessions({
    keys: key,
    issuer: issuer ?? server.origin,
    fields: [['id', 'uid', 'userId'], ['roles', 'r', 'roles'], 'org.name'],
    cookie: { name: 'whatever' },
    store: memory(),
  })
  return { app: server, cookie: (await login(sessions, user)).cookie }
}

const claims = {
  sub: 'alice',
  uid: 'alice',
  userId: 'alice',
  r: ['admin'],
  roles: ['admin'],
  'org.name': 'Acme',
}

describe('R31 discovery', () => {
  test('R30 R31 the app’s address is all that is needed; nothing is fetched before it is', async () => {
    const { app: server, cookie } = await app()
    const verify = createVerifier({ app: server.origin })
    assert.equal(verify.issuer, server.origin)
    assert.equal(server.requests.length, 0)
    assert.equal(await verify({ headers: {} }), undefined)
    assert.equal(server.requests.length, 0)
    const all = await Promise.all(Array.from({ length: 50 }, () => verify({ headers: { cookie } })))
    for (const found of all) assert.deepEqual(found, claims)
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ['session.json', 'jwks.json', 'session-revocations'].map((it) => `/.well-known/${it}`),
    )
  })

  test('R44 a session has one hash, in the app and here', async () => {
    const { app: server, cookie } = await app()
    const { session } = (await createVerifier({ app: server.origin }).check({ cookie })) as {
      session: string
    }
    const payload = JSON.parse(Buffer.from(cookie.split('.')[1]!, 'base64url').toString()) as {
      sk: string
    }
    assert.equal(session, sessionHash(payload.sk))
  })

  test('R31 options stand above the manifest', async () => {
    const { app: server, cookie } = await app()
    const named = createVerifier({ app: server.origin, cookie: 'other' })
    assert.equal(await named({ cookie }), undefined)
    assert.deepEqual(await named({ cookie: cookie.replace('whatever', 'other') }), claims)
    const short = createVerifier({ app: server.origin, tokenLife: '1m' })
    assert.equal((await short.check({ cookie })).reason, 'claims')
  })

  test('R31 FED-08 the issuer must be the one that is expected', async () => {
    const { app: server, cookie } = await app('https://app.example')
    const problems: VerifierProblem[] = []
    const listening = { app: server.origin, onProblem: (it: VerifierProblem) => problems.push(it) }
    const { reason } = await createVerifier(listening).check({ cookie })
    assert.equal(reason, 'unavailable')
    assert.match(String(problems[0]?.cause), /another issuer: is the option issuer right/)
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      ['/.well-known/session.json'],
    )
  })

  const manifest = (origin: string): Record<string, unknown> => ({
    issuer: origin,
    jwks_uri: `${origin}/.well-known/jwks.json`,
    cookie: 'whatever',
    session_field: 'sk',
    token_life: 900,
    fields: [{ short: 'uid', long: 'userId' }],
  })

  /** The app, but for what its manifest says. */
  async function saying(
    more: (origin: string) => object,
    options: Partial<VerifierOptions<object>> = {},
  ): Promise<{ reason: string | undefined; renewAt: string | undefined; server: Publisher }> {
    const { app: server, cookie } = await app()
    const wellKnown = server.answer
    server.answer = (request, response) => {
      const text = { ...manifest(server.origin), ...more(server.origin) }
      const isManifest = request.url === '/.well-known/session.json'
      ;(isManifest ? json(text) : wellKnown)(request, response)
    }
    const verify = createVerifier({ app: server.origin, onProblem: () => undefined, ...options })
    const { reason, renewAt } = await verify.check({ cookie })
    return { reason, renewAt, server }
  }

  test('FED-08 keys of another origin only if that is listed; never by http beyond this machine', async () => {
    const elsewhere = await publisher(json({ keys: [] }))
    const foreign = (): object => ({ jwks_uri: `${elsewhere.origin}/jwks.json` })
    assert.equal((await saying(foreign)).reason, 'unavailable')
    assert.equal(elsewhere.requests.length, 0)
    await saying(foreign, { origins: [elsewhere.origin] })
    assert.equal(elsewhere.requests.length, 1)
    for (const jwks_uri of [
      'http://169.254.169.254/latest',
      'http://app.example/jwks.json',
      'file:///etc/passwd',
      'data:application/json,{}',
      '/jwks.json',
      '',
      7,
    ]) {
      const { reason, server } = await saying(() => ({ jwks_uri }), {
        origins: ['http://169.254.169.254', 'null'],
      })
      assert.equal(reason, 'unavailable', String(jwks_uri))
      assert.equal(server.requests.length, 1)
    }
    for (const name of ['revocations_uri', 'refresh_uri']) {
      const { reason } = await saying(() => ({ [name]: elsewhere.origin }))
      assert.equal(reason, 'unavailable')
    }
  })

  test('R31 a manifest that is none changes nothing', async () => {
    assert.equal((await saying(() => ({}))).reason, undefined)
    for (const more of [
      { issuer: undefined },
      { issuer: 'x' },
      { cookie: undefined },
      { cookie: '' },
      { session_field: 7 },
      { fields: undefined },
      { fields: [null] },
      { fields: ['uid'] },
      { fields: [{ short: 'uid' }] },
      { fields: [{ short: 'uid', long: 'sub' }] },
      { fields: [{ short: 'uid', long: '__proto__' }] },
    ]) {
      assert.equal((await saying(() => more)).reason, 'unavailable', JSON.stringify(more))
    }
  })

  test('CLM-11 the app says how long its tokens live', async () => {
    assert.equal((await saying(() => ({ token_life: 60 }))).reason, 'claims')
    assert.equal((await saying(() => ({ token_life: undefined }))).reason, undefined)
  })

  test('R31 R33 the app says where a token is renewed', async () => {
    const late = { now: () => Date.now() + 3_600_000 }
    const refresh = (origin: string): object => ({ refresh_uri: `${origin}/refresh` })
    const found = await saying(refresh, late)
    assert.deepEqual([found.reason, found.renewAt], ['expired', `${found.server.origin}/refresh`])
    const plain = await saying(() => ({}), late)
    assert.equal(plain.renewAt, plain.server.origin)
  })

  test('R31 an app that is down is asked again after the cooldown, and found', async () => {
    const { app: server, cookie } = await app()
    const wellKnown = server.answer
    server.answer = status(503)
    let now = Date.now()
    const options = { app: server.origin, now: () => now, onProblem: () => undefined }
    const verify = createVerifier(options)
    for (let times = 0; times < 50; times++) {
      assert.equal((await verify.check({ cookie })).reason, 'unavailable')
    }
    assert.equal(server.requests.length, 1)
    server.answer = wellKnown
    now += 29_999
    assert.equal((await verify.check({ cookie })).reason, 'unavailable')
    assert.equal(server.requests.length, 1)
    now += 1
    await eventually(() => verify({ cookie }), claims)
  })

  test('R31 a manifest that changes is followed; keys that are known stay known meanwhile', async () => {
    const { app: server, cookie } = await app()
    const wellKnown = server.answer
    let now = Date.now()
    const options = { app: server.origin, now: () => now, onProblem: () => undefined }
    const verify = createVerifier(options)
    assert.deepEqual(await verify({ cookie }), claims)
    server.answer = (request, response) => {
      const isManifest = request.url === '/.well-known/session.json'
      const changed = { ...manifest(server.origin), cookie: 'renamed' }
      ;(isManifest ? json(changed) : status(503))(request, response)
    }
    now += 300_000
    assert.equal(await verify({ cookie }), undefined)
    const renamed = cookie.replace('whatever', 'renamed')
    assert.deepEqual(await verify({ cookie: renamed }), {
      sub: 'alice',
      uid: 'alice',
      userId: 'alice',
      r: ['admin'],
      'org.name': 'Acme',
    })
    server.answer = wellKnown
  })

  test('R31 the keys alone, without a manifest', async () => {
    const { app: server, cookie } = await app('https://app.example')
    const jwksUri = `${server.origin}/.well-known/jwks.json`
    const issuer = 'https://app.example'
    const short = { uid: 'alice', r: ['admin'], sub: 'alice' }
    const verify = createVerifier({ issuer, jwksUri, cookie: 'whatever' })
    assert.deepEqual(await verify({ cookie }), { ...short, 'org.name': 'Acme' })
  })
})
