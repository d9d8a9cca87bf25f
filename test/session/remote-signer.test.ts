import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { beforeEach, describe, test } from 'node:test'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { Browser } from '../support/browser.ts'
import { faulty } from '../support/stores.ts'

const MINUTE = 60_000
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

describe('R23 an app whose key is kept in a KMS', () => {
  let clock: { time: number }
  let kms: { fails: boolean; calls: number }
  let store: ReturnType<typeof faulty>
  let sessions: Sessions
  let browser: Browser

  beforeEach(() => {
    clock = { time: 2_000_000_000_000 }
    kms = { fails: false, calls: 0 }
    const now = (): number => clock.time
    store = faulty(memory({ now }))
    sessions = createSessions({
      keys: {
        public: createPublicKey(privateKey),
        async sign(bytes) {
          kms.calls++
          if (kms.fails) throw new Error('ThrottlingException')
          return sign(
            'sha256',
            bytes,
            createPrivateKey(privateKey.export({ type: 'sec1', format: 'pem' })),
          )
        },
      },
      store,
      now,
    })
    browser = new Browser(sessions)
  })

  const login = (name: string): ReturnType<Browser['request']> =>
    browser.request((visit) => visit.session.login({ id: name }))
  const user = async (): Promise<unknown> =>
    ((await browser.look()).auth as { sub: string } | undefined)?.sub
  /** Logs in, whatever comes of it, and goes on with the request. */
  const tryLogin = (seen: (auth: unknown) => void): ReturnType<Browser['request']> =>
    browser.request(async (visit) => {
      await visit.session.login({ id: 'alice' }).catch(() => {})
      seen(visit.auth)
    })

  test('it is not asked before there is something to sign', async () => {
    assert.equal(kms.calls, 0)
    await login('alice')
    assert.deepEqual([kms.calls, await user()], [1, 'alice'])
    await browser.request()
    assert.equal(kms.calls, 1)
  })

  test('R14 a login that cannot be signed fails: no cookie, no session, nobody is logged in', async () => {
    kms.fails = true
    const { status, error, head } = await login('alice')
    assert.deepEqual([status, error?.code, head.cookies], [500, 'keys_unavailable', []])
    assert.deepEqual(store.calls, ['create', 'end'])
    assert.equal(await user(), undefined)
  })

  test('R14 an app that goes on after it does so without a user', async () => {
    kms.fails = true
    let auth: unknown = 'not seen'
    const { head } = await tryLogin((seen) => (auth = seen))
    assert.deepEqual([auth, head.cookies], [undefined, []])
  })

  test('R16 nor does the session before it live on, and its cookie is cleared', async () => {
    await browser.request((visit) => {
      visit.session['cart'] = 1
    })
    assert.equal(browser.jar.size, 1)
    kms.fails = true
    await login('alice')
    assert.equal(browser.jar.size, 0)
    assert.deepEqual({ ...(await browser.look()).data }, {})
  })

  test('R17 a record that then cannot be ended is ended later', async () => {
    kms.fails = true
    store.failing.add('end')
    assert.equal((await login('alice')).error?.code, 'keys_unavailable')
    store.failing.clear()
    await sessions.sweep()
    assert.deepEqual(store.calls, ['create', 'end', 'end'])
    await sessions.close()
  })

  test('R15 a renewal that fails costs nobody their session, and is an event', async () => {
    await login('alice')
    const before = browser.cookie
    clock.time += 10 * MINUTE
    kms.fails = true
    const { status, head } = await browser.request((visit) => void visit.auth)
    assert.deepEqual([status, head.cookies, browser.cookie], [200, [], before])
    assert.equal(sessions.counts.renewal_failed, 1)
    assert.equal(await user(), 'alice')
    kms.fails = false
    await browser.request((visit) => void visit.auth)
    assert.notEqual(browser.cookie, before)
    assert.equal(sessions.counts.renewed, 1)
  })
})
