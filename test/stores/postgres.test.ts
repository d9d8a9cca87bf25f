import { after, before, describe } from 'node:test'
import postgresJs from 'postgres'
import { type PostgresClient, postgres } from '../../src/stores/postgres.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { amounts, newTable, pgLite, pgPool } from '../support/sql-clients.ts'
import * as servers from '../support/servers.ts'

describe('PostgreSQL', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let pool: ReturnType<typeof pgPool>
  let other: ReturnType<typeof pgPool>
  let sql: ReturnType<typeof postgresJs>
  before(async () => {
    server = await servers.postgres.start()
    pool = pgPool(server.port)
    other = pgPool(server.port)
    sql = postgresJs({ host: '127.0.0.1', port: server.port, user: 'postgres', onnotice: () => {} })
  })
  after(async () => {
    await Promise.all([pool.end(), other.end(), sql.end()])
    await server.stop()
  })

  const make =
    (client: () => PostgresClient, second: () => PostgresClient) =>
    async ({ now }: { now: () => number }) => {
      const table = newTable()
      const store = postgres(client(), { table, now })
      await store.setUp()
      return { store, other: postgres(second(), { table, now }), close: () => store.close() }
    }

  testStore(
    'pg',
    make(
      () => pool,
      () => other,
    ),
    amounts(1),
  )
  testStore(
    'postgres.js',
    make(
      () => sql,
      () => pool,
    ),
    amounts(1 / 2),
  )
})

describe('PGlite', () => {
  const lite = pgLite()
  after(() => lite.close())

  testStore(
    'PGlite',
    async ({ now }) => {
      const store = postgres(lite, { table: newTable(), now })
      await store.setUp()
      return { store, close: () => store.close() }
    },
    amounts(1 / 2),
  )
})
