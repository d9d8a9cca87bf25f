import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { beforeEach, describe, test } from 'node:test'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import type { Store } from '../../src/session/record.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { importKey } from '../../src/token/key.ts'
import { Browser } from '../support/browser.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const START = 2_000_000_000_000

const ours = generateKey()
const python = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const kid = importKey(python.publicKey).kid

interface Claims {
  readonly [claim: string]: unknown
}

describe('R23 a service in another language that issues and extends tokens by a key of its own', () => {
  let clock: { time: number }
  let store: Store
  let sessions: Sessions
  let browser: Browser

  beforeEach(() => {
    clock = { time: START }
    const now = (): number => clock.time
    store = memory({ now })
    sessions = createSessions({
      keys: ours,
      hybrid: python.publicKey,
      issuer: 'https://app.example',
      fields: [['id', 'uid']],
      store,
      now,
    })
    browser = new Browser(sessions)
  })

  /** As PyJWT writes it: the header's members in an order of its own. */
  function issued(
    claims: Claims,
    header: object = { typ: 'JWT', alg: 'ES256', kid },
    key: KeyObject = python.privateKey,
  ): Promise<string> {
    return new SignJWT({ ...claims }).setProtectedHeader(header as never).sign(key)
  }

  function claimsOf(cookie: string | undefined): Claims {
    return JSON.parse(Buffer.from(cookie!.split('.')[1]!, 'base64url').toString()) as Claims
  }

  async function userOf(token: string): Promise<unknown> {
    const name = [...browser.jar.keys()][0] ?? 'session'
    const visit = await sessions.open({
      cookie: `${name}=${token}`,
      method: 'GET',
      navigation: false,
    })
    return visit.auth?.['sub']
  }

  async function loggedIn(): Promise<Claims> {
    await browser.request((visit) => visit.session.login({ id: 'alice' }))
    return claimsOf(browser.cookie)
  }

  const extended = (claims: Claims, life = 15 * MINUTE): Claims => {
    const now = clock.time / 1000
    return { ...claims, iat: now - 5, exp: now + life / 1000 }
  }

  test('its token leads to the session, whatever the order of its header', async () => {
    const claims = extended(await loggedIn())
    for (const header of [
      { typ: 'JWT', alg: 'ES256', kid },
      { kid, alg: 'ES256' },
      { alg: 'ES256', typ: 'JWT', kid },
      { alg: 'ES256', kid, typ: 'JWT' },
    ]) {
      assert.equal(await userOf(await issued(claims, header)), 'alice')
    }
  })

  test('ALG JWS R7 its header is read strictly', async () => {
    const claims = extended(await loggedIn())
    for (const header of [
      { alg: 'ES256', kid, typ: 'at+jwt' },
      { alg: 'ES256', kid, typ: 'JWT', cty: 'JWT' },
      { alg: 'ES256', kid, jku: 'https://evil.example' },
      { alg: 'ES256', kid, x: 'x'.repeat(300) },
      { alg: 'ES256', kid: 'other' },
      { alg: 'ES256' },
    ]) {
      assert.equal(await userOf(await issued(claims, header)), undefined, JSON.stringify(header))
    }
    const hmac = python.publicKey.export({ type: 'spki', format: 'pem' })
    const confused = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', kid })
    assert.equal(await userOf(await confused.sign(Buffer.from(hmac))), undefined)
    const forger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    assert.equal(await userOf(await issued(claims, undefined, forger)), undefined)
  })

  test('R7 our own headers have one form still', async () => {
    const claims = extended(await loggedIn())
    const header = { typ: 'JWT', alg: 'ES256', kid: ours.kid }
    const key = createPrivateKey({ key: ours as never, format: 'jwk' })
    assert.equal(await userOf(await issued(claims, header, key)), undefined)
  })

  test('R1 it makes no user: the record says who it is, and whether there is a session', async () => {
    const claims = extended(await loggedIn())
    assert.equal(await userOf(await issued({ ...claims, sub: 'root', uid: 'root' })), 'alice')
    assert.equal(await userOf(await issued({ ...claims, sk: 'a'.repeat(32) })), undefined)
    await browser.request((visit) => visit.session.logout())
    assert.equal(await userOf(await issued(claims)), undefined)
  })

  test('it never passes the end of the session', async () => {
    const claims = await loggedIn()
    const token = await issued(extended(claims, 400 * DAY))
    clock.time = START + 14 * DAY - 1
    assert.equal(await userOf(token), 'alice')
    clock.time = START + 14 * DAY
    assert.equal(await userOf(token), undefined)
  })

  test('R21 its token is kept until it is due, and followed by one of ours', async () => {
    const claims = await loggedIn()
    const [name = ''] = browser.jar.keys()
    browser.jar.set(name, await issued(extended(claims)))
    const { head } = await browser.request((visit) => void visit.auth)
    assert.deepEqual(head.cookies, [])
    clock.time += 8 * MINUTE
    await browser.request((visit) => void visit.auth)
    const header = Buffer.from(browser.jar.get(name)!.split('.')[0]!, 'base64url').toString()
    assert.equal(JSON.parse(header).kid, ours.kid)
  })

  test('R30 neighbours find its key beside ours', async () => {
    const claims = extended(await loggedIn())
    const answer = await sessions.wellKnown.fetch(
      new Request('https://app.example/.well-known/jwks.json'),
    )
    const jwks = (await answer?.json()) as { keys: { kid: string }[] }
    assert.deepEqual(
      jwks.keys.map((key) => key.kid),
      [ours.kid, kid],
    )
    for (const token of [browser.jar.values().next().value!, await issued(claims)]) {
      const { payload } = await jwtVerify(token, createLocalJWKSet(jwks as never), {
        currentDate: new Date(clock.time),
      })
      assert.equal(payload.sub, 'alice')
    }
  })

  test('two apps of ours, each by its own key, extend each other’s tokens', async () => {
    const theirs = createSessions({
      keys: python.privateKey,
      hybrid: ours,
      issuer: 'https://app.example',
      fields: [['id', 'uid']],
      store,
      now: () => clock.time,
    })
    await loggedIn()
    const [name = ''] = browser.jar.keys()
    const other = new Browser(theirs)
    const kids = new Set<unknown>()
    for (let turn = 0; turn < 200; turn++) {
      clock.time += 8 * MINUTE
      const [here, there] = turn % 2 === 0 ? [other, browser] : [browser, other]
      here.jar.set(name, there.jar.get(name) ?? here.jar.get(name)!)
      const { status } = await here.request((visit) => (visit.auth ? 200 : 401))
      assert.equal(status, 200)
      kids.add(
        JSON.parse(Buffer.from(here.jar.get(name)!.split('.')[0]!, 'base64url').toString()).kid,
      )
      there.jar.set(name, here.jar.get(name)!)
    }
    assert.deepEqual(kids, new Set([ours.kid, kid]))
  })

  test('KEY-11 ALG-15 it is refused under our kid, or as a secret beside a pair', () => {
    for (const hybrid of [ours, 'S0me-Qu1te_Unguessable.Text/For+HMAC=42', 'short']) {
      assert.throws(() => createSessions({ keys: ours, hybrid, store }), { code: 'invalid_key' })
    }
  })
})
