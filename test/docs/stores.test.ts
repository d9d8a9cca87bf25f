import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Store } from '../../src/session/record.ts'
import type { Sessions } from '../../src/sessions.ts'
import { login } from '../../src/testing/index.ts'
import * as servers from '../support/servers.ts'
import { temporaryFile } from '../support/store-files.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/stores.md'), 'utf8')

interface Program {
  readonly pool?: { end(): Promise<void> }
  readonly database?: { close(): void }
  readonly store: Store
  readonly sessions: Sessions
}

describe('docs/stores.md', () => {
  testServer(
    'postgres.ts',
    servers.postgres,
    (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  )
  testServer('mysql.ts', servers.mariadb, (port) => `mysql://root@127.0.0.1:${port}/test`)

  test('sqlite.ts keeps sessions', async (context) => {
    process.env['DATABASE_FILE'] = temporaryFile(context)
    await runProgram('sqlite.ts')
  })
})

function testServer(
  name: string,
  kind: servers.ServerKind,
  address: (port: number) => string,
): void {
  test(`${name} keeps sessions`, kind.needed(), async () => {
    const server = await kind.start()
    for (const url of ['DATABASE_URL', 'REDIS_URL']) process.env[url] = address(server.port)
    try {
      await runProgram(name)
    } finally {
      await server.stop()
    }
  })
}

async function runProgram(name: string): Promise<void> {
  // Inside the project, so that 'symbolon' is found as an app finds it.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/stores-'))
  process.env['SESSION_KEY'] = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
  try {
    const [program] = new RegExp(`// ${name}\n.*?(?=\`\`\`)`, 's').exec(page)!
    writeFileSync(join(folder, name), program)
    const { pool, database, store, sessions } = (await import(
      pathToFileURL(join(folder, name)).href
    )) as Program
    const { cookie } = await login(sessions, { id: 'alice' })
    const ask = async (): Promise<string | undefined> =>
      (await sessions.open({ cookie, method: 'GET', navigation: false })).auth?.sub
    assert.equal(await ask(), 'alice')
    assert.equal((await store.ofUser!('alice')).length, 1)
    await sessions.revokeAll('alice')
    assert.equal(await ask(), undefined)
    await sessions.close()
    await pool?.end()
    database?.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
}
