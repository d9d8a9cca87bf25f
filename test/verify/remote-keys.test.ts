import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { importKey } from '../../src/token/key.ts'
import {
  type Verifier,
  type VerifierOptions,
  type VerifierProblem,
  createVerifier,
} from '../../src/verify/index.ts'
import { type LocalKey, SESSION, SPECS, contents, forge } from '../token/fixtures.ts'
import { Clock, ISSUER, eventually, issuerOf } from './fixtures.ts'
import { type Publisher, json, publisher, status } from './publisher.ts'

const COOLDOWN = 30_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const jwks = createKeyRing(SPECS.ES256).trusted.jwks()
const token = issuerOf('ES256').issue(contents())

/** A key that was not published when the verifier fetched. */
const later = importKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) as LocalKey
const tokenOf = (key: LocalKey): string =>
  forge(key, JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7', exp: SESSION.exp + 90_000 }))

function randomKid(): string {
  const payload = JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7' })
  const kid = crypto.randomUUID().replaceAll('-', '')
  return forge(later, payload, JSON.stringify({ alg: 'ES256', kid, typ: 'JWT' }))
}

interface Neighbour {
  readonly verify: Verifier<object>
  readonly clock: Clock
  readonly problems: VerifierProblem[]
  readonly reason: (token: string) => Promise<string | undefined>
}

/** Tokens outlive every clock here, since it is the keys' time that is looked at. */
function neighbourOf(app: Publisher, more: Partial<VerifierOptions<object>> = {}): Neighbour {
  const clock = new Clock()
  const problems: VerifierProblem[] = []
  const verify = createVerifier({
    issuer: ISSUER,
    jwksUri: `${app.origin}/jwks.json`,
    now: clock.read,
    onProblem: (problem) => problems.push(problem),
    ...more,
  })
  const reason = async (text: string): Promise<string | undefined> => {
    const result = await verify.check({ token: text })
    return result.reason === 'expired' ? undefined : result.reason
  }
  return { verify, clock, problems, reason }
}

/** A request that the next answer, whatever is wrong with it, does not help. */
async function failsAgain(neighbour: Neighbour): Promise<void> {
  const failures = codes(neighbour).length
  assert.equal(await neighbour.reason(token), 'unavailable')
  await eventually(() => codes(neighbour).length, failures + 1)
}

const codes = ({ problems }: Neighbour): string[] => problems.map(({ code }) => code)

describe('RJK remote keys', () => {
  test('RJK-05 1,000 at once from cold: one fetch, all succeed', async () => {
    const app = await publisher(json(jwks))
    const { reason } = neighbourOf(app)
    const reasons = await Promise.all(Array.from({ length: 1000 }, () => reason(token)))
    assert.deepEqual(new Set(reasons), new Set([undefined]))
    assert.equal(app.requests.length, 1)
  })

  test('RJK-01 RJK-04 DOS-05 a flood of unknown kids: one fetch a cooldown, known keys stay', async () => {
    const app = await publisher(json(jwks))
    const { reason, clock } = neighbourOf(app)
    assert.equal(await reason(token), undefined)
    for (const fetches of [1, 2, 3]) {
      for (let count = 0; count < 1000; count++) assert.equal(await reason(randomKid()), 'kid')
      assert.equal(await reason(token), undefined)
      assert.equal(app.requests.length, fetches)
      clock.pass(COOLDOWN)
    }
  })

  test('RJK-02 the same while the endpoint is down from the start, and it recovers', async () => {
    const app = await publisher(json(jwks))
    await app.shut()
    let attempts = 0
    const counted: typeof fetch = (...call) => (attempts++, fetch(...call))
    const neighbour = neighbourOf(app, { fetch: counted })
    const { reason, clock } = neighbour
    for (const expected of [1, 2]) {
      for (let count = 0; count < 300; count++)
        assert.equal(await reason(randomKid()), 'unavailable')
      assert.equal(await reason(token), 'unavailable')
      assert.equal(attempts, expected)
      await eventually(() => codes(neighbour), Array(expected).fill('keys_failed'))
      clock.pass(COOLDOWN)
    }
    await app.open()
    await eventually(() => reason(token), undefined)
    assert.equal(attempts, 3)
  })

  test('RJK-03 the same while it publishes no key', async () => {
    const app = await publisher(json({ keys: [] }))
    const { reason, clock } = neighbourOf(app)
    for (const fetches of [1, 2]) {
      for (let count = 0; count < 300; count++)
        assert.equal(await reason(randomKid()), 'unavailable')
      await eventually(() => app.requests.length, fetches)
      clock.pass(COOLDOWN)
    }
  })

  test('RJK-06 keys that cannot be fetched again are used for a day, and not longer', async () => {
    const app = await publisher(json(jwks, { 'cache-control': 'max-age=300' }))
    const neighbour = neighbourOf(app)
    const { reason, clock } = neighbour
    assert.equal(await reason(token), undefined)
    app.answer = status(503)
    clock.pass(23 * HOUR)
    assert.equal(await reason(token), undefined)
    assert.deepEqual(codes(neighbour), ['keys_failed'])
    clock.pass(HOUR)
    assert.equal(await reason(token), 'unavailable')
    app.answer = json(jwks)
    clock.pass(COOLDOWN)
    await eventually(() => reason(token), undefined)
  })

  test('RJK-07 CCH-04 a key that was removed is refused after max-age, remembered or not', async () => {
    const app = await publisher(json(jwks, { 'cache-control': 'public, max-age=300' }))
    const { reason, clock } = neighbourOf(app)
    assert.equal(await reason(token), undefined)
    app.answer = json({ keys: [later.publicJwk] })
    clock.pass(149_999)
    assert.equal(await reason(token), undefined)
    assert.equal(app.requests.length, 1)
    clock.pass(150_001)
    assert.equal(await reason(token), 'kid')
    assert.equal(app.requests.length, 2)
  })

  test('RJK-08 a key that was added is found by one fetch', async () => {
    const app = await publisher(json(jwks))
    const { reason, clock } = neighbourOf(app)
    await reason(token)
    app.answer = json({ keys: [...jwks.keys, later.publicJwk] })
    clock.pass(COOLDOWN)
    const both = await Promise.all([tokenOf(later), token, tokenOf(later)].map(reason))
    assert.deepEqual(both, [undefined, undefined, undefined])
    assert.equal(app.requests.length, 2)
  })

  test('RJK-09 bodies that are too long are given up, packed or not, and those that drip', async () => {
    const filler = Buffer.alloc(1024 * 1024, 0x20)
    let sent = 0
    const endless = (response: ServerResponse): void => {
      const more = (): void => {
        while (!response.destroyed && response.write(filler)) sent += filler.length
      }
      response.on('drain', more)
      more()
    }
    const app = await publisher((_, response) => endless(response.writeHead(200)))
    const neighbour = neighbourOf(app, { timeout: 300, cooldown: 0 })
    await failsAgain(neighbour)
    assert.ok(sent < 50 * filler.length, String(sent))
    app.answer = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync(Buffer.alloc(100 * 1024 * 1024, 0x20)))
    }
    await failsAgain(neighbour)
    app.answer = (_, response) => {
      response.writeHead(200).write('{"keys":[')
      const drip = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drip))
    }
    await failsAgain(neighbour)
    app.answer = () => undefined
    await failsAgain(neighbour)
    assert.deepEqual(new Set(codes(neighbour)), new Set(['keys_failed']))
    app.answer = json({ keys: jwks.keys, more: ' '.repeat(60_000) })
    await eventually(() => neighbour.reason(token), undefined)
  })

  test('RJK-10 redirections are not followed', async () => {
    const target = await publisher(json(jwks))
    const app = await publisher(json(jwks))
    for (const code of [301, 302, 303, 307, 308]) {
      for (const location of [`${target.origin}/`, '/other', 'file:///etc/jwks.json']) {
        app.answer = (request, response) =>
          (request.url === '/jwks.json' ? status(code, { location }) : json(jwks))(
            request,
            response,
          )
        assert.equal(await neighbourOf(app).reason(token), 'unavailable')
      }
    }
    assert.equal(target.requests.length, 0)
    assert.deepEqual(new Set(app.requests.map(({ url }) => url)), new Set(['/jwks.json']))
  })

  test('RJK-12 whatever is no key set changes nothing', async () => {
    const app = await publisher(json(jwks))
    const { reason, clock } = neighbourOf(app)
    const text = (body: string | Buffer, headers = {}): Publisher['answer'] => {
      return (_, response) => response.writeHead(200, headers).end(body)
    }
    await reason(token)
    const answers = [
      ...[500, 404, 204, 206, 304].map((code) => status(code)),
      text('<html></html>', { 'content-type': 'text/html' }),
      text(''),
      text(Buffer.of(0xff, 0xfe)),
      ...[[], jwks.keys, null, 7, {}, { keys: {} }, { keys: null }, { keys: 'x' }].map((it) =>
        json(it),
      ),
      ...[[null], ['x'], [{}], [[]]].map((keys) => json({ keys })),
    ]
    for (const answer of answers) {
      app.answer = answer
      clock.pass(HOUR)
      assert.equal(await reason(token), undefined)
      assert.equal(await reason(randomKid()), 'kid')
      clock.pass(-HOUR)
      app.answer = json(jwks)
      assert.equal(await reason(token), undefined)
      const cold = neighbourOf(app)
      app.answer = answer
      assert.equal(await cold.reason(token), 'unavailable')
    }
  })

  test('RJK-13 ALG-18 ALG-19 foreign keys do not harm the set, and are not used', async () => {
    const [own] = jwks.keys as [object]
    const rsa = createPublicKey(SPECS.RS256).export({ format: 'jwk' }) as object
    const twin = later.publicJwk!
    const foreign: object[] = [
      { kty: 'AKP', alg: 'ML-DSA-44', kid: 'pq', pub: 'AAAA' },
      { kty: 'EC', crv: 'secp256k1', kid: 'k1', x: 'AAAA', y: 'AAAA' },
      { kty: 'EC', crv: 'P-256', kid: 'no_point', x: 'AAAA', y: 'AAAA' },
      { kty: 'oct', kid: 'secret', k: 'A'.repeat(43), alg: 'HS256' },
      { ...rsa, kid: 'encryption', use: 'enc' },
      { ...rsa, kid: 'other_alg', alg: 'PS256' },
      { ...rsa, kid: 'with-dash' },
      { ...twin, kid: 'private', d: 'AAAA' },
      { ...twin, kid: 'twice' },
      { ...rsa, kid: 'twice' },
    ]
    const app = await publisher(json({ keys: [...foreign, own] }))
    const neighbour = neighbourOf(app)
    assert.equal(await neighbour.reason(token), undefined)
    assert.equal(codes(neighbour).length, 8)
    assert.deepEqual(new Set(codes(neighbour)), new Set(['key_ignored']))
    for (const { kid } of foreign as { kid: string }[]) {
      for (const alg of ['ES256', 'RS256', 'HS256']) {
        const payload = JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7' })
        const forged = forge(later, payload, JSON.stringify({ alg, kid }))
        assert.equal(await neighbour.reason(forged), 'kid')
      }
    }
    const many = Array.from({ length: 64 }, (_, index) => ({ ...twin, kid: `key${index}` }))
    app.answer = json({ keys: [...many, own] })
    assert.equal(await neighbourOf(app).reason(token), 'kid')
    app.answer = json({ keys: [...many.slice(1), own] })
    assert.equal(await neighbourOf(app).reason(token), undefined)
  })

  test('ALG-18 a key’s kind decides the algorithm, whatever the set leaves out', async () => {
    const { alg: _, use: __, ...bare } = jwks.keys[0]!
    const app = await publisher(json({ keys: [bare] }))
    const { reason } = neighbourOf(app)
    assert.equal(await reason(token), undefined)
    const payload = JSON.stringify({ ...SESSION, iss: ISSUER, sub: '7' })
    for (const alg of ['HS256', 'RS256', 'EdDSA']) {
      const header = JSON.stringify({ alg, kid: bare.kid, typ: 'JWT' })
      assert.equal(await reason(forge(later, payload, header)), 'alg')
    }
  })

  test('RJK-14 two answers are never under way at once, so none overtakes another', async () => {
    const waiting: ServerResponse[] = []
    const app = await publisher((_, response) => void waiting.push(response))
    const { reason, clock } = neighbourOf(app)
    const first = [token, randomKid(), token].map(reason)
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
    clock.pass(10 * COOLDOWN)
    const second = [token, tokenOf(later)].map(reason)
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(app.requests.length, 1)
    waiting[0]!.end(JSON.stringify(jwks))
    assert.deepEqual(await Promise.all(first), [undefined, 'kid', undefined])
    assert.deepEqual(await Promise.all(second), [undefined, 'kid'])
  })

  test('RJK-15 connections that fail in every way are an answer within the time, and recover', async () => {
    const app = await publisher(json(jwks))
    const address = (host: string): object => ({ jwksUri: `https://${host}/`, timeout: 500 })
    for (const more of [address('does-not-exist.invalid'), address(app.origin.slice(7))]) {
      assert.equal(await neighbourOf(app, more).reason(token), 'unavailable')
    }
    const neighbour = neighbourOf(app, { cooldown: 0, timeout: 500 })
    for (const answer of [
      (_, response) => response.destroy(),
      (_, response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('{"keys"')
        setTimeout(() => response.destroy(), 5)
      },
      (_, response) => void response.socket?.write('nonsense\r\n\r\n'),
    ] as Publisher['answer'][]) {
      app.answer = answer
      await failsAgain(neighbour)
    }
    app.answer = json(jwks)
    await eventually(() => neighbour.reason(token), undefined)
  })

  test('RJK-16 no cookie is sent, and none is kept', async () => {
    const app = await publisher(json(jwks, { 'set-cookie': 'a=1; Path=/' }))
    const { verify, clock } = neighbourOf(app)
    const cookie = `__Host-session=${token}`
    for (let times = 0; times < 3; times++, clock.pass(HOUR)) await verify({ headers: { cookie } })
    assert.equal(app.requests.length, 3)
    for (const { headers } of app.requests) {
      assert.deepEqual([headers.cookie, headers.authorization], [undefined, undefined])
    }
  })

  test('RJK-17 RJK-18 RJK-22 ALG-22 what a token says fetches nothing', async () => {
    const app = await publisher(json(jwks))
    const evil = await publisher(json({ keys: [later.publicJwk] }))
    const { reason } = neighbourOf(app)
    await reason(token)
    const { kid } = jwks.keys[0]!
    const foreign = JSON.stringify({ ...SESSION, iss: evil.origin, sub: '7' })
    const header = { alg: 'ES256', kid, typ: 'JWT' }
    for (let times = 0; times < 100; times++) {
      assert.equal(await reason(forge(later, foreign, JSON.stringify(header))), 'signature')
    }
    for (const name of ['jku', 'x5u', 'jwk', 'iss']) {
      const text = JSON.stringify({ ...header, [name]: `${evil.origin}/jwks.json` })
      assert.equal(await reason(forge(later, foreign, text)), 'header')
    }
    for (const odd of ['a'.repeat(65), '../jwks', evil.origin, '']) {
      assert.equal(
        await reason(forge(later, foreign, JSON.stringify({ ...header, kid: odd }))),
        'kid',
      )
    }
    assert.deepEqual([app.requests.length, evil.requests.length], [1, 0])
  })

  test('RJK-19 max-age is followed between a minute and a day', async () => {
    const fetchedAfter = async (
      headers: Record<string, string>,
      time: number,
    ): Promise<boolean> => {
      const app = await publisher(json(jwks, headers))
      const { reason, clock } = neighbourOf(app)
      await reason(token)
      clock.pass(time)
      await reason(token)
      return app.requests.length === 2
    }
    for (const [value, bound] of [
      ['max-age=0', MINUTE],
      ['no-store', MINUTE],
      ['max-age=-5', MINUTE],
      ['max-age=x', MINUTE],
      ['public, max-age=300', 5 * MINUTE],
      ['s-maxage=9, MAX-AGE=300', 5 * MINUTE],
      [`max-age=${10 * 365 * 86_400}`, 24 * HOUR],
      [`max-age=${'9'.repeat(400)}`, 24 * HOUR],
    ] as const) {
      const headers = { 'cache-control': value }
      assert.equal(await fetchedAfter(headers, bound / 2 - 1), false, value)
      assert.equal(await fetchedAfter(headers, bound), true, value)
    }
    const aged = { 'cache-control': 'max-age=300', age: '200' }
    assert.equal(await fetchedAfter(aged, 100_000), true)
    assert.equal(await fetchedAfter({}, MINUTE / 2 - 1), false)
    assert.equal(await fetchedAfter({}, MINUTE), true)
  })

  test('RJK-20 a clock that is set back makes no storm and freezes nothing', async () => {
    const app = await publisher(json(jwks, { 'cache-control': 'max-age=300' }))
    const { reason, clock } = neighbourOf(app)
    await reason(token)
    clock.pass(-HOUR)
    for (let times = 0; times < 50; times++) await reason(randomKid())
    assert.equal(app.requests.length, 2)
    app.answer = json({ keys: [later.publicJwk] })
    clock.pass(5 * MINUTE)
    assert.equal(await reason(token), 'kid')
  })

  test('RJK-21 nothing keeps a process alive', async () => {
    const app = await publisher(json(jwks))
    const script = `
      import { createVerifier } from ${JSON.stringify(import.meta.resolve('../../src/verify/index.ts'))}
      const verify = createVerifier({ issuer: '${ISSUER}', jwksUri: '${app.origin}/', now: () => ${new Clock().now} })
      console.log(JSON.stringify(await verify({ token: '${token}' })))`
    const args = ['--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 })
    assert.deepEqual(JSON.parse(stdout), { uid: 7, r: ['admin'], sub: '7' })
  })

  test('KEY-19 what has not changed is not sent again, and tokens stay remembered', async () => {
    const etag = '"v1"'
    const app = await publisher((request, response) => {
      const same = request.headers['if-none-match'] === etag
      ;(same ? status(304, { etag }) : json(jwks, { etag }))(request, response)
    })
    const { verify, clock } = neighbourOf(app)
    const first = await verify({ token })
    clock.pass(5 * MINUTE)
    assert.equal(await verify({ token }), first)
    app.answer = json(jwks)
    clock.pass(5 * MINUTE)
    assert.equal(await verify({ token }), first)
    assert.deepEqual(
      app.requests.map(({ headers }) => headers['if-none-match']),
      [undefined, etag, etag],
    )
  })

  test('LOG-07 a listener that throws harms nothing', async () => {
    const app = await publisher(json({ keys: [{}, ...jwks.keys] }))
    const onProblem = (): never => {
      throw new Error('broken')
    }
    assert.equal(await neighbourOf(app, { onProblem }).reason(token), undefined)
  })

  test('R44 without a listener each problem is told once', async (context) => {
    const warn = context.mock.method(console, 'warn', () => undefined)
    const app = await publisher(status(500))
    const { onProblem: _, ...rest } = { onProblem: undefined, cooldown: 0 }
    const verify = createVerifier({ issuer: ISSUER, jwksUri: app.origin, ...rest })
    await eventually(async () => (await verify({ token })) ?? app.requests.length >= 3, true)
    assert.equal(warn.mock.callCount(), 1)
    assert.ok(!JSON.stringify(warn.mock.calls[0]!.arguments).includes(token))
  })
})
