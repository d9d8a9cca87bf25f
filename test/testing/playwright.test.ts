import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { withSession } from '../../src/adapters/node.ts'
import type { Sessions } from '../../src/sessions.ts'
import { type TestLogin, testSessions } from '../../src/testing/index.ts'
import { listen } from '../adapters/serving.ts'
import { needs } from '../support/needs.ts'

// Playwright's types are those of browsers, which this program has not.
const { chromiumNeeded, launchChromium } = createRequire(import.meta.url)('../demo/chromium.ts')

type Listener = ReturnType<typeof withSession>

const openssl = spawnSync('openssl', ['version']).status === 0
const secure = { cookie: { secure: true } }

describe('storageState() in Chromium', chromiumNeeded(), () => {
  let browser: any
  before(async () => void (browser = await launchChromium()))
  after(async () => browser?.close())

  /** Whom the app holds the browser for, and what it keeps of the cookie. */
  async function visit(url: string, state: ReturnType<TestLogin['storageState']>): Promise<any> {
    const context = await browser.newContext({ storageState: state, ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(url)
    const user = await page.locator('body').innerText()
    const scripts = await page.evaluate('document.cookie')
    const { cookies } = await context.storageState()
    await context.close()
    return { user, scripts, cookies }
  }

  for (const host of ['localhost', '127.0.0.1']) {
    for (const [name, options] of Object.entries({ plain: {}, Secure: secure })) {
      test(`a ${name} cookie at http://${host}`, async (context) => {
        const { sessions, login } = testSessions(options)
        const served = await listen(appOf(sessions))
        context.after(() => served.close())
        const url = served.url.replace('127.0.0.1', host)
        const state = (await login({ id: 'alice' })).storageState(url)
        const seen = await visit(url, state)
        assert.deepEqual(seen, { user: 'alice', scripts: '', cookies: state.cookies })
      })
    }
  }

  test(
    '__Host- over TLS, with an end',
    needs('openssl', openssl, 'apt-get install openssl'),
    async (context) => {
      const { sessions, login } = testSessions({ cookie: { secure: true, persistent: true } })
      const url = await listenSecurely(context, appOf(sessions))
      const state = (await login({ id: 'alice' })).storageState(url)
      const { user, cookies } = await visit(url, state)
      assert.equal(user, 'alice')
      const [{ expires, ...cookie }] = cookies
      const [{ expires: given, ...rest }] = state.cookies as [any]
      assert.deepEqual(cookie, rest)
      assert.ok(Math.abs(expires - given) <= 1)
    },
  )

  test('a cookie of localhost and what is under it', async (context) => {
    const { sessions, login } = testSessions({ cookie: { domain: 'app.localhost' } })
    const served = await listen(appOf(sessions))
    context.after(() => served.close())
    const url = served.url.replace('127.0.0.1', 'www.app.localhost')
    const state = (await login({ id: 'alice' })).storageState(url)
    assert.equal((await visit(url, state)).user, 'alice')
  })
})

function appOf(sessions: Sessions): Listener {
  return withSession(sessions, (request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(request.auth?.sub ?? 'nobody')
  })
}

async function listenSecurely(
  context: { after(done: () => unknown): void },
  listener: Listener,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const command = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost'
  execFileSync('openssl', [...command.split(' '), '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}
