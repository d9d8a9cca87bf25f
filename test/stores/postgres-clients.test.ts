import { after, before, describe } from 'node:test'
import postgresJs from 'postgres'
import { postgres } from '../../src/stores/postgres.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import * as servers from '../support/servers.ts'
import { newTable, pgClient, pgLite } from '../support/sql-clients.ts'
import { amounts } from '../support/store-amounts.ts'

describe('PostgreSQL by other clients', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let sql: ReturnType<typeof postgresJs>
  let client: Awaited<ReturnType<typeof pgClient>>
  before(async () => {
    server = await servers.postgres.start()
    const { port } = server
    sql = postgresJs({
      host: '127.0.0.1',
      port,
      user: 'postgres',
      onnotice: () => {},
      transform: postgresJs.camel,
    })
    client = await pgClient(port)
  })
  after(async () => {
    await Promise.all([sql.end(), client.end()])
    await server.stop()
  })

  testStore(
    'postgres.js that renames columns, and a single Client of pg',
    async ({ now }) => {
      const table = newTable()
      const [store, other] = [postgres(sql, { table, now }), postgres(client, { table, now })]
      await store.setUp()
      const close = async (): Promise<void> => {
        await store.close()
        await other.close()
      }
      return { store, other, close }
    },
    amounts(1 / 4),
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
    amounts(1 / 4),
  )
})
