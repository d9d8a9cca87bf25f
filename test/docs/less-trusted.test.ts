import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type RequestListener, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { generateKey } from '../../src/cli/keygen.ts'
import type { Sessions } from '../../src/sessions.ts'
import { login } from '../../src/testing/index.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/federation/less-trusted.md'), 'utf8')

/** A server on loopback whose program is known only after its address is. */
async function serve(): Promise<{ origin: string; by: (listener: RequestListener) => void }> {
  let listener: RequestListener = () => undefined
  const server = createServer((request, response) => listener(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  after(() => server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, by: (program) => (listener = program) }
}

test('R35 the app and the service of docs/federation/less-trusted.md understand each other', async () => {
  // Inside the project, so that 'symbolon' is found as an app finds it.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/less-trusted-'))
  const place = process.cwd()
  after(() => {
    process.chdir(place)
    rmSync(folder, { recursive: true })
  })
  for (const [, program, name] of page.matchAll(/```js\n(\/\/ (\w+\.js):.*?)```/gs)) {
    writeFileSync(join(folder, name!), program!)
  }
  process.chdir(folder)
  writeFileSync('session.key.json', JSON.stringify(generateKey()))
  const [appServer, serviceServer] = [await serve(), await serve()]
  Object.assign(process.env, { APP: appServer.origin, REPORTS: serviceServer.origin })
  const load = (name: string) => import(pathToFileURL(join(folder, name)).href)
  const { app, sessions } = (await load('app.js')) as { app: RequestListener; sessions: Sessions }
  const { service } = (await load('service.js')) as { service: RequestListener }
  appServer.by(app)
  serviceServer.by(service)

  const { cookie } = await login(sessions, { id: 'alice', roles: ['admin'] })
  const reports = await fetch(new URL('/reports', appServer.origin), { headers: { cookie } })
  assert.deepEqual(await reports.json(), { reportsOf: 'alice', roles: ['admin'] })
  assert.equal((await fetch(new URL('/reports', appServer.origin))).status, 401)
  const direct = await fetch(new URL('/mine', serviceServer.origin), { headers: { cookie } })
  assert.equal(direct.status, 401)
  assert.equal(direct.headers.get('www-authenticate'), `Bearer realm="${appServer.origin}"`)
  await sessions.close()
})
