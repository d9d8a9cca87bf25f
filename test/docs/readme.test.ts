import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Express } from 'express'
import type { FastifyInstance } from 'fastify'
import { keygen } from '../../src/cli/keygen.ts'
import { connect } from '../../src/stores/connect.ts'
import { memory } from '../../src/stores/memory.ts'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { synchronousStore } from '../support/express-session.ts'
import { needs } from '../support/needs.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The blocks of one language, by the file name that their first line gives. */
function programs(language: string): Map<string, string> {
  const blocks = readme.matchAll(
    new RegExp(`\`\`\`${language}\n(?:\\/\\/|#) ([\\w.]+)(.*?)\`\`\``, 'gs'),
  )
  return new Map([...blocks].map(([, name, rest]) => [name!, `// ${rest}`]))
}

const USERS = `
export interface User { id: string; roles: string[] }
const alice: User = { id: 'alice', roles: ['admin'] }
export const findUser = async (id: string): Promise<User | null> => (id === 'alice' ? alice : null)
export async function authenticate({ name }: { name: string }): Promise<User> {
  if (name !== 'alice') throw Object.assign(new Error('wrong name or password'), { status: 401 })
  return alice
}
`

describe('the README', () => {
  let folder: string
  let server: Server
  let address: string

  before(async () => {
    // Inside the project, so that 'symbolon' and 'express' are found as an app finds them.
    mkdirSync(join(root, '.cache'), { recursive: true })
    folder = mkdtempSync(join(root, '.cache/readme-'))
    keygen(join(folder, 'session.key.json'))
    for (const [name, text] of programs('ts')) {
      writeFileSync(
        join(folder, name),
        text.replaceAll(/'(session\.key\.json|sessions\.db)'/g, (_, file: string) =>
          JSON.stringify(join(folder, file)),
        ),
      )
    }
    writeFileSync(join(folder, 'users.ts'), USERS)
    const { app } = (await import(pathToFileURL(join(folder, 'app.ts')).href)) as {
      app: Express
    }
    server = await new Promise((resolve) => {
      const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
    })
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })

  const post = (path: string, form: Record<string, string>, cookie = ''): Promise<Response> =>
    fetch(`${address}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { cookie },
      redirect: 'manual',
    })
  const cookieOf = (response: Response): string =>
    response.headers.getSetCookie()[0]!.split(';')[0]!

  test('the app in it runs: login, who am I, data, logout', async () => {
    const cookie = cookieOf(await post('/login', { name: 'alice' }))
    const me = await fetch(`${address}/me`, { headers: { cookie } })
    assert.deepEqual(await me.json(), {
      sub: 'alice',
      uid: 'alice',
      userId: 'alice',
      r: ['admin'],
      roles: ['admin'],
    })
    assert.deepEqual(await (await post('/cart', { item: 'apple' }, cookie)).json(), ['apple'])
    assert.deepEqual(await (await post('/cart', { item: 'pear' }, cookie)).json(), [
      'apple',
      'pear',
    ])
    assert.equal((await post('/login', { name: 'mallory' })).status, 401)
    await post('/logout', {}, cookie)
    assert.equal(await (await fetch(`${address}/me`, { headers: { cookie } })).json(), null)
  })

  test('the Fastify app in it runs', async () => {
    const { api } = (await import(pathToFileURL(join(folder, 'fastify.ts')).href)) as {
      api: FastifyInstance
    }
    const answer = await api.inject({ method: 'POST', url: '/login', payload: { name: 'alice' } })
    assert.equal(answer.statusCode, 204)
    const cookies = Object.fromEntries(answer.cookies.map(({ name, value }) => [name, value]))
    assert.deepEqual((await api.inject({ url: '/me', cookies })).json(), { userId: 'alice' })
    assert.deepEqual((await api.inject({ url: '/me' })).json(), {})
    await api.close()
  })

  test('the fetch handler in it runs', async () => {
    const { fetch: handle } = (await import(pathToFileURL(join(folder, 'fetch.ts')).href)) as {
      fetch: (request: Request) => Promise<Response>
    }
    const answer = await handle(new Request('http://localhost/apple'))
    assert.deepEqual(await answer.json(), { cart: ['/apple'] })
    assert.equal(answer.headers.getSetCookie().length, 1)
  })

  test('the service in it runs, on what the app publishes', async () => {
    const file = join(folder, 'service.ts')
    // Nothing but the address is not real.
    const moved = `fetch: (url, init) => fetch(url.replace('https://app.example', '${address}'), init)`
    const program = readFileSync(file, 'utf8').replace("app.example' }", `app.example', ${moved} }`)
    writeFileSync(file, program)
    const { service } = (await import(pathToFileURL(file).href)) as { service: Express }
    const listening = service.listen(0, '127.0.0.1')
    await once(listening, 'listening')
    const orders = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/orders`
    try {
      assert.equal((await fetch(orders)).status, 401)
      const cookie = cookieOf(await post('/login', { name: 'alice' }))
      const found = await fetch(orders, { headers: { cookie } })
      assert.deepEqual(await found.json(), { of: 'alice' })
      await post('/logout', {}, cookie)
      const believed = async (): Promise<boolean> => {
        return (await fetch(orders, { headers: { cookie } })).status === 200
      }
      for (let tries = 0; tries < 50 && (await believed()); tries++) await pause(100)
      assert.equal(await believed(), false)
    } finally {
      listening.close()
    }
  })

  test('the programs in it compile', () => {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      include: [join(folder, '*.ts')],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'pipe' })
  })

  const python = (): boolean => {
    try {
      execFileSync('python3', ['-c', 'import jwt, cryptography'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
  test(
    'the Python in it reads the cookie',
    needs('PyJWT', python(), 'pip install "pyjwt[crypto]"'),
    async () => {
      const value = cookieOf(await post('/login', { name: 'alice' })).replace(/^\w+=/, '')
      const program = [...programs('python').values()][0]!
        .replace('//', '#')
        .replace('https://app.example/.well-known', `${address}/.well-known`)
      const script = `${program}\nimport json, sys\nprint(json.dumps(who_is(sys.argv[1])))\n`
      const { promisify } = await import('node:util')
      const { execFile } = await import('node:child_process')
      const { stdout } = await promisify(execFile)('python3', ['-c', script, value])
      const claims = JSON.parse(stdout) as Record<string, unknown>
      assert.deepEqual(
        [claims['uid'], claims['r'], claims['iss']],
        ['alice', ['admin'], 'https://app.example'],
      )
      await assert.rejects(
        promisify(execFile)('python3', ['-c', script, `${value.slice(0, -6)}AAAAAA`]),
      )
    },
  )

  test('its table of promises is what the stores say', () => {
    const word = (yes: boolean): string => (yes ? 'yes' : 'no')
    const query = () => Promise.reject(new Error('No server is asked here'))
    for (const [name, store] of Object.entries({
      memory: memory(),
      sqlite: sqlite({ file: ':memory:' }),
      postgres: postgres({ query, listen: query }),
      mysql: mysql({ getConnection: query }),
    })) {
      const { noRevival, noLostUpdate, durableLogout, hearsChanges } = store.guarantees
      const row = [noRevival, noLostUpdate, durableLogout, hearsChanges].map(word).join(' | ')
      assert.ok(readme.includes(`| \`symbolon/stores/${name}\` | ${row} |`), name)
    }
    const foreign = connect(synchronousStore())
    assert.deepEqual(new Set(Object.values(foreign.guarantees)), new Set([false]))
  })
})
