import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Express } from 'express'
import type { Sessions } from '../../src/sessions.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/users.md'), 'utf8')

const USERS = `
const users = new Map([['alice', ['admin']], ['bob', []]])
export const findUser = (id) => users.has(id) ? { id, roles: users.get(id) } : null
export const authenticate = async ({ name }) => findUser(name)
export const changePassword = async () => undefined
export const grant = async (id, roles) => void users.set(id, roles)
`

interface Device {
  readonly handle: string
  readonly name: string
  readonly lastSeen: string
}

test('SES-26 SES-29 the app of docs/users.md does what the page says', async (context) => {
  const address = await start(context)
  const call = (method: string, path: string, device: Login, body?: object): Promise<Response> =>
    fetch(`${address}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...device },
      ...(body && { body: JSON.stringify(body) }),
    })
  const logIn = async (name: string, device: string): Promise<Login> => {
    const answer = await call('POST', '/login', { 'user-agent': device }, { name })
    assert.equal(answer.status, 204)
    return { cookie: answer.headers.getSetCookie()[0]!.split(';')[0]!, 'user-agent': device }
  }
  const devicesOf = async (login: Login): Promise<Device[]> =>
    (await (await call('GET', '/devices', login)).json()) as Device[]

  const [phone, laptop, tablet] = [
    await logIn('alice', 'phone'),
    await logIn('alice', 'laptop'),
    await logIn('alice', 'tablet'),
  ]
  const bob = await logIn('bob', 'desktop')
  const devices = await devicesOf(phone)
  assert.deepEqual(devices.map(({ name }) => name).toSorted(), ['laptop', 'phone', 'tablet'])

  const { handle } = devices.find(({ name }) => name === 'tablet')!
  assert.equal((await call('DELETE', `/devices/${handle}`, bob)).status, 404)
  assert.equal((await call('DELETE', `/devices/${handle}`, phone)).status, 204)
  assert.equal((await call('DELETE', `/devices/${handle}`, phone)).status, 404)
  assert.equal((await call('GET', '/devices', tablet)).status, 401)

  assert.equal((await call('POST', '/password', phone, { password: 'new' })).status, 204)
  assert.equal((await call('GET', '/devices', laptop)).status, 401)
  assert.equal((await devicesOf(phone)).length, 1)

  assert.equal((await call('POST', '/users/bob/roles', bob, { roles: ['admin'] })).status, 403)
  assert.equal((await call('POST', '/users/bob/roles', phone, { roles: ['admin'] })).status, 204)
  const renewed = await call('GET', '/devices', bob)
  assert.match(payloadOf(renewed.headers.getSetCookie()[0]!), /"r":\["admin"\]/)
})

interface Login {
  readonly cookie?: string
  readonly 'user-agent': string
}

async function start(context: TestContext): Promise<string> {
  // Inside the project, so that 'symbolon' and 'express' are found as an app finds them.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/users-'))
  const [, program] = /```ts\n(.*?)```/s.exec(page)!
  const file = JSON.stringify(join(folder, 'sessions.db'))
  writeFileSync(join(folder, 'app.ts'), program!.replace("'sessions.db'", file))
  writeFileSync(join(folder, 'users.ts'), USERS)
  process.env['SESSION_KEY'] = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
  const { app, sessions } = (await import(pathToFileURL(join(folder, 'app.ts')).href)) as {
    app: Express
    sessions: Sessions
  }
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  context.after(async () => {
    server.close()
    await sessions.close()
    rmSync(folder, { recursive: true })
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function payloadOf(setCookie: string): string {
  return Buffer.from(setCookie.split('.')[1]!, 'base64url').toString()
}
