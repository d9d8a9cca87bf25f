import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createSessions } from '../../src/sessions.ts'
import { type Load, storeFromUrl } from '../../src/stores/from-url.ts'
import { newId, recordAt } from '../../src/testing/store-bench.ts'
import { login } from '../../src/testing/index.ts'
import { mariadb, postgres, redis, type RunningServer } from '../support/servers.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
const require = createRequire(import.meta.url)

function loading(...installed: string[]): Load {
  return (name) => {
    if (installed.includes(name)) return require(name) as Record<string, unknown>
    throw Object.assign(new Error('not installed'), { code: 'MODULE_NOT_FOUND' })
  }
}

const KINDS = [
  {
    kind: redis,
    clients: ['redis', 'ioredis'],
    url: (port: number) => `redis://127.0.0.1:${port}`,
  },
  {
    kind: postgres,
    clients: ['pg', 'postgres'],
    url: (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  },
  {
    kind: mariadb,
    clients: ['mysql2/promise'],
    url: (port: number) => `mysql://root@127.0.0.1:${port}/test`,
  },
]

for (const { kind, clients, url } of KINDS) {
  void describe(`a store named by ${url(0)}`, kind.needed(), () => {
    let server: RunningServer
    before(async () => {
      server = await kind.start()
    })
    after(() => server.stop())

    for (const client of clients) {
      test(`is kept by ${client}, makes its tables, knows users and tells of changes`, async () => {
        const store = storeFromUrl(url(server.port), Date.now, loading(client))
        const [id, record] = [newId(), recordAt({ now: Date.now } as never)]
        // At once, while it starts.
        const created = await Promise.all([store.create(id, record), store.read(newId())])
        assert.deepEqual(created, [true, undefined])
        assert.deepEqual(await store.read(id), record)
        assert.equal((await store.ofUser!('ada')).length, 1)
        const told: unknown[] = []
        const stop = store.changes?.((change) => told.push(change))
        assert.equal(await store.end(id), 'ok')
        await stop?.()
        await store.close?.()
      })
    }

    test('is the store of an app', async () => {
      const sessions = createSessions({ keys, store: url(server.port) })
      const { cookie } = await login(sessions, { id: 'alice' })
      const visit = await sessions.open({ cookie, method: 'GET', navigation: false })
      assert.equal(visit.auth?.sub, 'alice')
      await visit.logout()
      await sessions.close()
    })
  })
}

describe('a store named by a URL', () => {
  test('file: is SQLite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'symbolon-url-'))
    const sessions = createSessions({ keys, store: pathToFileURL(join(folder, 's.db')).href })
    const { cookie } = await login(sessions, { id: 'alice' })
    const visit = await sessions.open({ cookie, method: 'GET', navigation: false })
    assert.equal(visit.auth?.sub, 'alice')
    await sessions.close()
    rmSync(folder, { recursive: true })
  })

  test(
    'FLT-01 a server that is down is an error, and found when it comes',
    { timeout: 60_000 },
    async () => {
      const store = storeFromUrl('postgres://postgres:geheim@127.0.0.1:1/postgres', Date.now)
      await assert.rejects(
        async () => store.read('a'),
        (error: Error) => {
          assert.ok(!JSON.stringify([error.message, String(error.cause)]).includes('geheim'))
          return true
        },
      )
      await store.close?.()
    },
  )

  test('says what to install, and names no password', () => {
    for (const [url, hint] of [
      ['redis://:geheim@localhost', /npm install redis or ioredis/],
      ['postgres://u:geheim@localhost', /npm install pg or postgres/],
      ['mariadb://u:geheim@localhost', /npm install mysql2/],
      ['mongodb://u:geheim@localhost', /redis:\/\//],
      ['geheim', /redis:\/\//],
    ] as const) {
      assert.throws(
        () => storeFromUrl(url, Date.now, loading()),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'invalid_option')
          assert.match(error.message, hint)
          return !error.message.includes('geheim')
        },
      )
    }
  })
})
