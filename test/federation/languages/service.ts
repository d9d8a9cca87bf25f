import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { type App, COOKIE } from './app.ts'
import { type Start, startProgram } from './checker.ts'

const FOREIGN = 'https://evil.example'

/** What every service of every page does with requests of its own pages, the app's, and strangers'. */
export async function holdService(
  { withoutCors = false }: { readonly withoutCors?: boolean },
  start: Start,
  app: App,
): Promise<void> {
  const child = startProgram(start)
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints += String(chunk)))
  try {
    const address = await addressOf(child)
    const cookie = `${COOKIE}=${await app.logIn()}`
    const ask = (
      path: string,
      headers: Record<string, string>,
      method = 'GET',
    ): Promise<Response> => fetch(address + path, { method, headers: { cookie, ...headers } })
    await holdReading(ask, app)
    await holdWriting(ask, app)
    if (!withoutCors) await holdCors(ask, app)
  } catch (error) {
    throw new Error(`the service said:\n${complaints.slice(-2000)}`, { cause: error })
  } finally {
    const exit = child.exitCode === null && once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
}

type Ask = (path: string, headers: Record<string, string>, method?: string) => Promise<Response>

async function holdReading(ask: Ask, app: App): Promise<void> {
  const answer = await ask('/me', {})
  assert.deepEqual(
    [answer.status, await answer.json()],
    [200, { user: 'alice', roles: ['admin', 'éditrice'] }],
  )
  assert.equal((await ask('/me', { cookie: '' })).status, 401)
  assert.equal((await ask('/me', { cookie: `${COOKIE}=abc` })).status, 401)
  const two = `${COOKIE}=${await app.logIn()}; ${COOKIE}=${await app.logIn()}`
  assert.equal((await ask('/me', { cookie: two })).status, 401)
}

async function holdWriting(ask: Ask, { origin }: App): Promise<void> {
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await ask('/orders', headers, 'POST')).status
  assert.equal(await statusOf({ origin }), 200)
  assert.equal(await statusOf({ 'sec-fetch-site': 'same-origin' }), 200)
  assert.equal(await statusOf({}), 200)
  assert.equal(await statusOf({ origin: FOREIGN }), 403)
  assert.equal(await statusOf({ origin: 'null' }), 403)
  assert.equal(await statusOf({ origin: `${origin}.evil.example` }), 403)
  assert.equal(await statusOf({ 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal(await statusOf({ 'sec-fetch-site': 'same-site' }), 403)
  assert.equal(await statusOf({ origin, cookie: '' }), 401)
}

async function holdCors(ask: Ask, { origin }: App): Promise<void> {
  const allowed = ({ headers }: Response): unknown[] => [
    headers.get('access-control-allow-origin'),
    headers.get('access-control-allow-credentials'),
    /\borigin\b/i.test(headers.get('vary') ?? ''),
  ]
  assert.deepEqual(allowed(await ask('/me', { origin })), [origin, 'true', true])
  assert.equal(allowed(await ask('/me', { origin: FOREIGN }))[0], null)
  const preflight = { cookie: '', origin, 'access-control-request-method': 'POST' }
  const answer = await ask('/orders', preflight, 'OPTIONS')
  assert.deepEqual([answer.ok, ...allowed(answer)], [true, origin, 'true', true])
  const foreign = await ask('/orders', { ...preflight, origin: FOREIGN }, 'OPTIONS')
  assert.equal(allowed(foreign)[0], null)
}

/** Sooner or later a service says its address. */
async function addressOf({ stdout, stderr }: ReturnType<typeof startProgram>): Promise<string> {
  const lines = new PassThrough()
  let running = 2
  for (const stream of [stdout, stderr]) {
    stream.pipe(lines, { end: false })
    stream.once('end', () => --running === 0 && lines.end())
  }
  for await (const line of createInterface(lines)) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
    if (address !== undefined) return address
  }
  throw new Error('the service ended')
}
