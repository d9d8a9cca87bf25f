import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import { changeRing, createRing, readRing } from '../../src/cli/ring-file.ts'
import { burn, entriesOf, firstKeys, rotate, type RotationPlan } from '../../src/cli/rotation.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { createTokens } from '../../src/token/token.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
/** How long a session lives unused, and a key opens sessions. */
const LIFE = 6 * 60 * MINUTE
const ISSUER = 'https://app.example'

const ROTATIONS = 100
/** What happens at once after each change of the ring, while processes read it one by one. */
const REQUESTS_PER_SECOND = 8
/** Wrong by so much, as the clocks of servers are. */
const CLOCKS_OFF = [0, -4 * SECOND, 3 * SECOND, 5 * SECOND]
const NEIGHBOURS_CACHE_MS = 20 * MINUTE

interface Neighbour {
  jwks: { keys: { kid: string }[] }
  fetched: number
}

interface Visitor {
  readonly name: string
  cookie: string
  /** How long they stay away. */
  readonly away: number
  lastSeen: number
}

describe(`KEY-13 R21 ${ROTATIONS} rotations and burns under load, in ${CLOCKS_OFF.length} processes with clocks of their own`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-rotation-'))
  const file = join(folder, 'ring.json')
  const random = seededRandom(20)
  const processes: Sessions[] = []
  const burned = new Set<string>()
  const signed = new Set<string>()
  let goneToken = ''
  let time = 2_000_000_000_000

  const plan = (): RotationPlan => ({
    now: time,
    grace: 35 * MINUTE,
    tokenLife: 15 * MINUTE,
    life: LIFE,
    make: generateKey,
  })

  before(() => {
    mock.timers.enable({ apis: ['setInterval'] })
    createRing(file, firstKeys(generateKey(), plan()))
    const store = memory({ now: () => time })
    for (const off of CLOCKS_OFF) {
      const now = (): number => time + off
      processes.push(
        createSessions({ keys: { file }, issuer: ISSUER, idle: LIFE, absolute: '60d', store, now }),
      )
      // So that no two read the file at the same moment.
      pass(2500)
    }
  })
  after(async () => {
    for (const sessions of processes) await sessions.close()
    mock.timers.reset()
    rmSync(folder, { recursive: true })
  })

  function pass(ms: number): void {
    time += ms
    mock.timers.tick(ms)
  }

  /** Time in which nothing is read from the disk: the rings were all read before it. */
  function skip(ms: number): void {
    time += ms
  }

  const anyProcess = (): Sessions => processes[random(processes.length)] as Sessions

  async function visit(visitor: Visitor): Promise<void> {
    const found = await anyProcess().open({
      cookie: visitor.cookie,
      method: 'GET',
      navigation: false,
    })
    assert.equal(found.auth?.['sub'], visitor.name)
    const { cookies } = await found.commit({ status: 200, cacheControl: undefined })
    for (const { name, value } of cookies) visitor.cookie = `${name}=${value}`
    visitor.lastSeen = time
    signed.add(kidOf(visitor.cookie))
  }

  async function login(name: string, away: number): Promise<Visitor> {
    const found = await anyProcess().open({ cookie: undefined, method: 'POST', navigation: false })
    await found.session.login({ id: name })
    const { cookies } = await found.commit({ status: 200, cacheControl: undefined })
    const [cookie] = cookies
    return { name, away, cookie: `${cookie!.name}=${cookie!.value}`, lastSeen: time }
  }

  async function look(neighbour: Neighbour, { cookie }: Visitor): Promise<void> {
    if (time - neighbour.fetched >= NEIGHBOURS_CACHE_MS) {
      const url = `${ISSUER}/.well-known/jwks.json`
      const answer = await anyProcess().wellKnown.fetch(new Request(url))
      neighbour.jwks = (await answer?.json()) as Neighbour['jwks']
      neighbour.fetched = time
      for (const { kid } of neighbour.jwks.keys) assert.ok(!burned.has(kid) || time < settled)
    }
    const kid = kidOf(cookie)
    if (burned.has(kid)) return
    const keys = createLocalJWKSet(neighbour.jwks)
    const options = { issuer: ISSUER, currentDate: new Date(time), clockTolerance: 10 }
    const verified = jwtVerify(tokenOf(cookie), keys, options).catch((error: { code: string }) => {
      // Whoever comes back after long brings an old token, and gets another from the app.
      assert.equal(error.code, 'ERR_JWT_EXPIRED', `${error.code} of key ${kid}`)
    })
    await verified
  }

  async function refused(token: string): Promise<void> {
    const cookie = `session=${token}`
    const found = await anyProcess().open({ cookie, method: 'GET', navigation: false })
    assert.equal(found.auth, undefined)
  }

  /** Of a right session, signed by a key that was never in the ring, or is no more. */
  function forged(visitor: Visitor): string {
    const sk = payloadOf(visitor.cookie)['sk'] as string
    const tokens = createTokens({
      ring: createKeyRing(generateKey()),
      sessionField: 'sk',
      issuer: ISSUER,
    })
    const times = { issuedAt: time, expires: time + 15 * MINUTE }
    return tokens.issue({ id: sk, userId: visitor.name, claims: '{}', ...times }) as string
  }

  /** From when on every process has heard of the last burned key. */
  let settled = 0

  test('no wrong refusal, no wrong acceptance, nobody logged out, no kid missed', async () => {
    const neighbours = Array.from({ length: 5 }, (): Neighbour => ({
      jwks: { keys: [] },
      fetched: 0,
    }))
    const often: Visitor[] = []
    for (let index = 0; index < 40; index++) often.push(await login(`often-${index}`, 0))
    const rarely: Visitor[] = []
    for (let index = 1; index <= 10; index++) {
      rarely.push(await login(`rarely-${index}`, (index / 12) * LIFE))
    }
    const backToday = (): Visitor | undefined =>
      rarely.find(({ lastSeen, away }) => time - lastSeen >= away)
    const start = time
    let requests = 0

    for (let round = 0; round < ROTATIONS; round++) {
      if (round % 7 === 6) {
        const current = entriesOf(readRing(file), time).find(({ state }) => state === 'current')!
        changeRing(file, (keys) => burn(keys, current.timed.key.kid, plan()))
        burned.add(current.timed.key.kid)
        settled = time + 10 * SECOND
      } else {
        changeRing(file, (keys) => rotate(keys, plan()))
      }
      // Until every process has read the ring, and until the next key signs by every clock.
      for (const step of [...Array<number>(6).fill(2500), 2 * MINUTE, 10 * MINUTE, 28 * MINUTE]) {
        if (step === 2500) pass(step)
        else skip(step)
        for (let times = 0; times < REQUESTS_PER_SECOND; times++) {
          const visitor = (backToday() ?? often[random(often.length)]) as Visitor
          await visit(visitor)
          await look(neighbours[random(neighbours.length)] as Neighbour, visitor)
          requests++
        }
        await refused(forged(often[0] as Visitor))
        if (time > start + 2.5 * LIFE) await refused(goneToken)
      }
      if (round === 0) goneToken = tokenOf((often[0] as Visitor).cookie)
    }

    for (const visitor of [...often, ...rarely]) await visit(visitor)
    assert.ok(requests >= ROTATIONS * 70)
    assert.ok(signed.size >= ROTATIONS, `${signed.size} keys have signed`)
    assert.ok(burned.size >= 14)
    for (const { counts } of processes) {
      assert.ok((counts.keys_changed ?? 0) >= ROTATIONS - 1)
      assert.deepEqual([counts.keys_failed, counts.record_gone], [undefined, undefined])
    }
  })
})

function tokenOf(cookie: string): string {
  return cookie.slice(cookie.indexOf('=') + 1)
}

function kidOf(cookie: string): string {
  const [header = ''] = tokenOf(cookie).split('.')
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid
}

function payloadOf(cookie: string): Record<string, unknown> {
  const [, payload = ''] = tokenOf(cookie).split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}
