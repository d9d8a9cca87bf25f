import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { createVerifier, type Verifier } from '../../src/verify/index.ts'
import { SESSION, SPECS, KEYS, forge } from '../token/fixtures.ts'
import { listOf, silence } from './feeds.ts'
import { Clock, ISSUER, eventually } from './fixtures.ts'
import { type Publisher, json, publisher } from './publisher.ts'

const MINUTE = 60_000
const jwks = createKeyRing(SPECS.ES256).trusted.jwks()
const key = KEYS.ES256

/** It outlives every clock here. */
function tokenOf(issuer: string, kid: string = key.kid): string {
  const payload = { ...SESSION, iss: issuer, sub: '7', exp: SESSION.exp + 90_000 }
  return forge(key, JSON.stringify(payload), JSON.stringify({ alg: 'ES256', kid, typ: 'JWT' }))
}

/** The app: its keys and its manifest, which names no revocations. */
function wellKnown(app: () => Publisher): Publisher['answer'] {
  return (request, response) => {
    const { origin } = app()
    const manifest = {
      issuer: origin,
      jwks_uri: `${origin}/jwks.json`,
      cookie: 'session',
      session_field: 'sk',
      fields: [],
    }
    json(request.url === '/jwks.json' ? jwks : manifest, { 'cache-control': 'max-age=300' })(
      request,
      response,
    )
  }
}

/** A verifier that knows where the keys are, or only the app, and what failed there. */
function verifierOf(
  what: 'jwksUri' | 'app',
  { origin }: Publisher,
  clock: Clock,
  timeout: number,
): { verify: Verifier<unknown>; failures: unknown[] } {
  const failures: unknown[] = []
  const verify = createVerifier({
    issuer: origin,
    ...(what === 'app' ? { app: origin } : { jwksUri: `${origin}/jwks.json` }),
    now: clock.read,
    timeout,
    onProblem: (problem) => failures.push(problem),
  })
  return { verify, failures }
}

describe('R31 an app that accepts connections and says nothing', () => {
  for (const what of ['jwksUri', 'app'] as const) {
    test(`RJK-04 RJK-06 holds up no request once its keys are known: ${what}`, async () => {
      const app: Publisher = await publisher(wellKnown(() => app))
      const clock = new Clock()
      const { verify, failures } = verifierOf(what, app, clock, 100)
      const token = tokenOf(app.origin)
      const reasons = async (presented = token): Promise<unknown> => {
        const checks = Array.from({ length: 50 }, () => verify.check({ token: presented }))
        const found = await Promise.race([
          Promise.all(checks),
          sleep(5000, 'waiting', { ref: false }),
        ])
        return typeof found === 'string' ? found : [...new Set(found.map(({ reason }) => reason))]
      }
      const documents = what === 'app' ? 2 : 1
      assert.deepEqual(await reasons(), [undefined])
      assert.equal(app.requests.length, documents)
      app.answer = silence
      // In the half of the life that is left there is time to ask behind everybody's back.
      clock.pass(3 * MINUTE)
      assert.deepEqual(await reasons(), [undefined])
      assert.equal(failures.length, 0)
      await eventually(() => failures.length, documents)
      for (const attempts of [2, 3, 4]) {
        clock.pass(3 * MINUTE)
        assert.deepEqual(await reasons(), [undefined])
        assert.deepEqual(await reasons(), [undefined])
        assert.deepEqual(await reasons(tokenOf(app.origin, 'unknown')), ['kid'])
        await eventually(() => failures.length, documents * attempts)
        assert.equal(app.requests.length, documents * (attempts + 1))
      }
    })

    test(`RJK-02 is waited for by all together before its keys are known, then by one: ${what}`, async () => {
      const app: Publisher = await publisher(silence)
      const clock = new Clock()
      const { verify, failures } = verifierOf(what, app, clock, 500)
      const token = tokenOf(app.origin)
      const reason = async (): Promise<unknown> => (await verify.check({ token })).reason
      const first = await Promise.all(Array.from({ length: 50 }, reason))
      assert.deepEqual([...new Set(first)], ['unavailable'])
      assert.deepEqual([app.requests.length, failures.length], [1, 1])
      clock.pass(MINUTE)
      const one = reason()
      const others = await Promise.all(Array.from({ length: 50 }, reason))
      assert.deepEqual([...new Set(others)], ['unavailable'])
      assert.equal(failures.length, 1)
      assert.equal(await one, 'unavailable')
      assert.deepEqual([app.requests.length, failures.length], [2, 2])
      app.answer = wellKnown(() => app)
      clock.pass(MINUTE)
      assert.equal(await reason(), undefined)
    })
  }

  test('R32 SUP-08 holds up one request of a worker, which may wait for no other’s fetch', async () => {
    const list = listOf({}, { iat: Math.floor(Date.now() / 1000) })
    const app = await publisher((_, response) => void response.end(list))
    const script = `
      Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Cloudflare-Workers' } })
      const { createVerifier } = await import(${JSON.stringify(import.meta.resolve('../../src/verify/index.ts'))})
      let fetches = 0
      let isSilent = false
      const verify = createVerifier({
        issuer: '${ISSUER}',
        keys: ${JSON.stringify(jwks)},
        revocations: true,
        tolerance: '5m',
        timeout: 2000,
        onProblem: () => undefined,
        fetch(address, { signal }) {
          fetches++
          if (!isSilent) return fetch(${JSON.stringify(app.origin)}, { signal })
          return new Promise((_, reject) => signal.addEventListener('abort', reject))
        },
      })
      const token = ${JSON.stringify(freshToken())}
      const reason = async () => (await verify.check({ token })).reason ?? null
      const keepAlive = setInterval(() => undefined, 1000)
      const report = { cold: await Promise.all([reason(), reason(), reason()]), fetches }
      await new Promise((resolve) => setTimeout(resolve, 450))
      isSilent = true
      fetches = 0
      let isHeldUp = true
      const held = reason().then((found) => ((isHeldUp = false), found))
      report.others = await Promise.all([reason(), reason(), reason()])
      report.isHeldUp = isHeldUp
      report.held = await held
      clearInterval(keepAlive)
      console.log(JSON.stringify({ ...report, later: fetches }))`
    const args = ['--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 })
    assert.deepEqual(JSON.parse(stdout), {
      cold: [null, null, null],
      fetches: 3,
      others: [null, null, null],
      isHeldUp: true,
      held: null,
      later: 1,
    })
    assert.equal(app.requests.length, 3)
  })
})

/** By the clock of the machine, which the worker of the test has. */
function freshToken(): string {
  const iat = Math.floor(Date.now() / 1000)
  return forge(key, JSON.stringify({ sk: SESSION.sk, iss: ISSUER, sub: '7', iat, exp: iat + 900 }))
}
