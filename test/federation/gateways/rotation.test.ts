import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { generateKey } from '../../../src/cli/keygen.ts'
import { firstKeys, rotate, type RotationPlan } from '../../../src/cli/rotation.ts'
import type { StoredKey } from '../../../src/token/ring-text.ts'
import { gateway, type GatewayName, type RunningGateway } from '../../support/gateways.ts'
import { eventually } from '../../verify/fixtures.ts'
import { arrival, cookie, GATEWAYS } from './case.ts'
import { byAnotherKey, resigned } from './forgeries.ts'
import { ask, COOKIE, type PrivateJwk, type Site, startSite } from './site.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What its page tells to do once a rotation has begun, and once a key has left the key set. */
const STEPS: Readonly<Record<GatewayName, { rotated: Step; withdrawn: Step }>> = {
  haproxy: { rotated: commandAndReload, withdrawn: commandAndReload },
  'nginx-njs': { rotated: commandAndReload, withdrawn: commandAndReload },
  apache: { rotated: nothing, withdrawn: restart },
  nginx: { rotated: nothing, withdrawn: nothing },
  caddy: { rotated: nothing, withdrawn: nothing },
}

type Step = (server: RunningGateway) => Promise<void>

async function nothing(): Promise<void> {}

async function commandAndReload(server: RunningGateway): Promise<void> {
  await server.configureAgain()
}

/** As `apachectl restart` does. */
async function restart(server: RunningGateway): Promise<void> {
  await server.reload('SIGHUP')
}

/** Keys that take turns: the ring of an app as it is so long after `keys rotate`, or before it. */
class Turns {
  readonly keys = [generateKey(), generateKey(), generateKey()] as const
  readonly #now = Date.now()

  before(): readonly StoredKey[] {
    return firstKeys(this.keys[0], this.#plan(100 * DAY, this.keys[1]))
  }

  after(ms: number): readonly StoredKey[] {
    return rotate(this.before(), this.#plan(ms, this.keys[2]))
  }

  #plan(ago: number, made: StoredKey['key']): RotationPlan {
    const now = this.#now - ago
    return { now, grace: DAY, tokenLife: HOUR / 4, life: 30 * DAY, make: () => made }
  }
}

/** The app, whose clock goes on a second whenever it is given another ring. */
class RotatingSite {
  readonly site: Site
  readonly #clock: { ahead: number }

  private constructor(site: Site, clock: { ahead: number }) {
    this.site = site
    this.#clock = clock
  }

  static async start(): Promise<RotatingSite> {
    const clock = { ahead: 0 }
    return new RotatingSite(await startSite(() => Date.now() + clock.ahead), clock)
  }

  /** @returns the kids that the app publishes then */
  async put(ring: readonly StoredKey[]): Promise<readonly string[]> {
    const { ring: file, sessions, issuer } = this.site
    writeFileSync(file, JSON.stringify({ keys: ring }))
    this.#clock.ahead += 1000
    // A kid that it does not know makes it look, at most once a second.
    const stranger = `${COOKIE}=${await byAnotherKey(this.site, 'unknown')}`
    await sessions.open({ cookie: stranger, method: 'GET', navigation: false })
    const answer = await sessions.wellKnown.fetch(new Request(`${issuer}/.well-known/jwks.json`))
    const { keys } = (await answer!.json()) as { keys: { kid: string }[] }
    return keys.map(({ kid }) => kid)
  }
}

for (const name of Object.keys(GATEWAYS) as GatewayName[]) {
  const needed = gateway(name, '', []).needed()
  test(`R21 KEY-13 FED ${name} through a rotation, as its page tells to`, needed, async (t) => {
    const rotating = await RotatingSite.start()
    const { site } = rotating
    t.after(() => site.close())
    const turns = new Turns()
    const [first, second, third] = turns.keys
    assert.deepEqual(await rotating.put(turns.before()), [first.kid, second.kid])
    const server = await gateway(name, site.authority, site.args).start()
    t.after(() => server.stop())

    const arrivalOf = async (key: typeof first): Promise<string> => {
      const token = await resigned(site, (claims) => claims, key as PrivateJwk)
      return arrival(await ask(server.port, cookie(token)))
    }
    /** Whoever reads its configuration again may for a moment answer nobody, or by the old one. */
    const seen = (): Promise<string[]> =>
      Promise.all(turns.keys.map((key) => arrivalOf(key).catch(() => 'no answer')))
    await eventually(seen, ['passes', 'passes', '401'])

    assert.deepEqual(await rotating.put(turns.after(0)), [first.kid, second.kid, third.kid])
    await STEPS[name].rotated(server)
    await eventually(seen, ['passes', 'passes', 'passes'])

    assert.deepEqual(await rotating.put(turns.after(HOUR)), [second.kid, third.kid, first.kid])
    const cookieOfApp = await site.logIn()
    assert.equal(decodeProtectedHeader(cookieOfApp).kid, second.kid)
    assert.equal(arrival(await ask(server.port, cookie(cookieOfApp))), 'passes')
    await eventually(seen, ['passes', 'passes', 'passes'])

    assert.deepEqual(await rotating.put(turns.after(2 * DAY)), [second.kid, third.kid])
    await STEPS[name].withdrawn(server)
    // Whoever asks the app hears what it says: there the old key still finds living sessions.
    const old = GATEWAYS[name] === 'asks' ? 'passes' : '401'
    await eventually(seen, [old, 'passes', 'passes'])

    assert.deepEqual(await rotating.put(turns.after(40 * DAY)), [second.kid, third.kid])
    await eventually(seen, ['401', 'passes', 'passes'])
  })
}
