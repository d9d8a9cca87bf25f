import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Store } from '../../src/session/record.ts'
import type { Sessions } from '../../src/sessions.ts'
import { login } from '../../src/testing/index.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/max-stale.md'), 'utf8')

test('the sessions of docs/max-stale.md ask the store once, and at once where it says so', async () => {
  // Inside the project, so that 'symbolon' is found as an app finds it.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/max-stale-'))
  process.env['SESSION_KEY'] = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
  try {
    const [, program] = /```ts\n(.*?)```/s.exec(page)!
    writeFileSync(join(folder, 'sessions.ts'), program!)
    const { store, sessions } = (await import(pathToFileURL(join(folder, 'sessions.ts')).href)) as {
      store: Store
      sessions: Sessions
    }
    let reads = 0
    const read = store.read.bind(store)
    Object.assign(store, { read: (id: string) => (reads++, read(id)) })
    const { cookie } = await login(sessions, { id: 'alice' })
    const ask = async (method: string): Promise<string | undefined> =>
      (await sessions.open({ cookie, method, navigation: false })).auth?.sub
    for (let n = 0; n < 100; n++) assert.equal(await ask('GET'), 'alice')
    assert.equal(reads, 1)
    await sessions.revokeAll('alice')
    for (const method of ['GET', 'POST']) assert.equal(await ask(method), undefined)
    await sessions.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
