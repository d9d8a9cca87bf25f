import { after, before, describe } from 'node:test'
import type { Pool } from 'mysql2/promise'
import { mysql } from '../../src/stores/mysql.ts'
import { testStore } from '../../src/testing/store-suite.ts'
import { mysqlPool, newTable } from '../support/sql-clients.ts'
import * as servers from '../support/servers.ts'
import { amounts } from '../support/store-amounts.ts'

describe('MariaDB', servers.mariadb.needed(), () => {
  let server: servers.RunningServer
  let pool: Pool
  let odd: Pool
  before(async () => {
    server = await servers.mariadb.start()
    pool = mysqlPool(server.port)
    odd = mysqlPool(server.port, {
      charset: 'latin1',
      rowsAsArray: true,
      bigNumberStrings: true,
      supportBigNumbers: true,
      typeCast: false,
      flags: ['-FOUND_ROWS'],
    })
  })
  after(async () => {
    await Promise.all([pool.end(), odd.end()])
    await server.stop()
  })

  testStore(
    'mysql2, by two pools with other settings',
    async ({ now }) => {
      const table = newTable()
      const store = mysql(pool, { table, now })
      await store.setUp()
      return { store, other: mysql(odd, { table, now }), close: () => store.close() }
    },
    { ...amounts(1), without: ['changes'] },
  )
})
