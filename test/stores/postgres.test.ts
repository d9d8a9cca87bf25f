import { after, before, describe } from 'node:test'
import { postgres } from '../../src/stores/postgres.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import * as servers from '../support/servers.ts'
import { newTable, type Pool, pgPool } from '../support/sql-clients.ts'
import { amounts } from '../support/store-amounts.ts'

describe('PostgreSQL', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let pools: Pool[]
  before(async () => {
    server = await servers.postgres.start()
    pools = [pgPool(server.port), pgPool(server.port)]
  })
  after(async () => {
    for (const pool of pools) await pool.end()
    await server.stop()
  })

  testStore(
    'pg, by two pools',
    async ({ now }) => {
      const table = newTable()
      const [store, other] = pools.map((pool) => postgres(pool, { table, now }))
      await store!.setUp()
      const close = async (): Promise<void> => {
        await store!.close()
        await other!.close()
      }
      return { store: store!, other: other!, close }
    },
    amounts(1),
  )
})
