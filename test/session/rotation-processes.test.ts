import assert from 'node:assert/strict'
import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import { readRing } from '../../src/cli/ring-file.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { createTokens } from '../../src/token/token.ts'
import { IDLE, ISSUER, type Order } from './rotation-process.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const ROTATIONS = 12
/** Ten minutes each: the next key signs after 35, and is asked for before and after that. */
const STEPS = 5
const VISITS = 12
const SKEWS = [-3000, 4000]
const COMMAND = join(import.meta.dirname, '../../src/cli/main.ts')
const PROGRAM = join(import.meta.dirname, 'rotation-process.ts')

/** A process of its own, and where it answers. */
interface Program {
  readonly child: ChildProcess
  readonly address: string
}

interface Visitor {
  readonly name: string
  cookie: string
  readonly away: number
  lastSeen: number
}

describe(`KEY-13 R21 ${ROTATIONS} rotations by the command under load: two app processes, a neighbour, clocks of their own`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-processes-'))
  const ring = join(folder, 'ring.json')
  const random = seededRandom(7)
  const programs: Program[] = []
  const signed = new Set<string>()
  const old: string[] = []
  let apps: Program[] = []
  let neighbour: Program
  let ahead = 0

  before(async () => {
    await keys('init')
    apps = await Promise.all(SKEWS.map((skew) => start('app', skew)))
    neighbour = await start('neighbour', 2000, ...apps.map(({ address }) => address))
  })
  after(() => {
    for (const { child } of programs) child.kill()
    rmSync(folder, { recursive: true })
  })

  async function start(role: string, skew: number, ...more: string[]): Promise<Program> {
    const child = fork(PROGRAM, [role, folder, `${skew}`, ...more])
    const [port] = (await once(child, 'message')) as [number]
    const program = { child, address: `http://127.0.0.1:${port}` }
    programs.push(program)
    return program
  }

  /** The command, in a process whose clock is that of all others. */
  async function keys(verb: string, ...more: string[]): Promise<void> {
    const clock = `data:text/javascript,const now=Date.now;Date.now=()=>now()+${ahead}`
    const lives = ['--grace', '35m', '--token-life', '15m', '--life', IDLE]
    const values = ['--import', clock, COMMAND, 'keys', verb, ring, ...lives, ...more]
    await promisify(execFile)(process.execPath, values)
  }

  async function order({ child }: Program, message: Order): Promise<void> {
    child.send(message)
    await once(child, 'message')
  }

  async function pass(ms: number): Promise<void> {
    ahead += ms
    for (const program of programs) await order(program, { ahead })
  }

  const now = (): number => Date.now() + ahead
  const anyApp = (): Program => apps[random(apps.length)] as Program

  /** @returns who the program says it is, and the cookie afterwards */
  async function ask(
    { address }: Program,
    cookie: string,
    path = '/',
  ): Promise<{ who: string; cookie: string }> {
    const answer = await fetch(`${address}${path}`, { headers: cookie === '' ? {} : { cookie } })
    const [line] = answer.headers.getSetCookie()
    return { who: await answer.text(), cookie: line?.split(';')[0] ?? cookie }
  }

  async function logIn(name: string, away: number): Promise<Visitor> {
    const { cookie } = await ask(anyApp(), '', `/login?user=${name}`)
    return { name, away, cookie, lastSeen: now() }
  }

  /** At any app process, and with what that gave at the neighbour. */
  async function visit(visitor: Visitor): Promise<void> {
    const { who, cookie } = await ask(anyApp(), visitor.cookie)
    assert.equal(who, visitor.name)
    Object.assign(visitor, { cookie, lastSeen: now() })
    signed.add(kidOf(cookie))
    assert.equal((await ask(neighbour, cookie)).who, visitor.name)
  }

  /** The right session, by a key that was never in the ring, under its own name or the ring's. */
  async function refusesForgeries({ cookie, name }: Visitor): Promise<void> {
    for (const kid of [undefined, kidOf(cookie)]) {
      const key = { ...generateKey(), ...(kid !== undefined && { kid }) }
      const tokens = createTokens({ ring: createKeyRing(key), sessionField: 'sk', issuer: ISSUER })
      const times = { issuedAt: now(), expires: now() + 15 * MINUTE }
      const id = decodeJwt(tokenOf(cookie))['sk'] as string
      const token = tokens.issue({ id, userId: name, claims: '{}', ...times }) as string
      assert.equal((await ask(anyApp(), `session=${token}`)).who, 'nobody')
      assert.match((await ask(neighbour, `session=${token}`)).who, /^(signature|kid)$/)
    }
  }

  test('no wrong refusal, no wrong acceptance, nobody logged out, who comes back later neither', async () => {
    const often: Visitor[] = []
    for (let index = 0; index < 10; index++) often.push(await logIn(`often-${index}`, 0))
    const rarely: Visitor[] = []
    for (const hours of [2, 4, 5.5]) rarely.push(await logIn(`rarely-${hours}`, hours * HOUR))
    const someone = (): Visitor =>
      rarely.find(({ lastSeen, away }) => now() - lastSeen >= away) ??
      (often[random(often.length)] as Visitor)
    const visits = async (times: number): Promise<void> => {
      for (let count = 0; count < times; count++) await visit(someone())
    }

    for (let round = 0; round < ROTATIONS; round++) {
      old.push(often[0]!.cookie)
      const [, changed] = await Promise.all([visits(VISITS), keys('rotate')])
      assert.equal(changed, undefined)
      // One process has read the ring, the other not yet.
      const [early, late] = round % 2 === 0 ? apps : apps.toReversed()
      await order(early!, { look: true })
      await visits(VISITS)
      await order(late!, { look: true })
      for (let step = 0; step < STEPS; step++) {
        await visits(VISITS / 2)
        await pass(10 * MINUTE)
      }
      await refusesForgeries(often[0]!)
    }
    for (const visitor of [...often, ...rarely]) await visit(visitor)

    assert.equal(signed.size, ROTATIONS + 1)
    const kids = new Set(readRing(ring).map(({ key }) => (key as { kid: string }).kid))
    const gone = old.filter((cookie) => !kids.has(kidOf(cookie)))
    assert.ok(gone.length > 0)
    for (const cookie of gone) {
      assert.equal((await ask(anyApp(), cookie)).who, 'nobody')
      assert.notEqual((await ask(neighbour, cookie)).who, 'often-0')
    }
  })
})

function tokenOf(cookie: string): string {
  return cookie.slice(cookie.indexOf('=') + 1)
}

function kidOf(cookie: string): string {
  return decodeProtectedHeader(tokenOf(cookie)).kid as string
}
