// What the stores in SQL servers do when the network fails.
import postgresJs from 'postgres'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { type NetworkClient, testNetwork, TIMEOUT_MS } from '../support/network-faults.ts'
import * as servers from '../support/servers.ts'
import { mysqlPool, newTable, pgPool } from '../support/sql-clients.ts'

const POOL = 4

const clients: Record<string, NetworkClient> = {
  pg: {
    server: servers.postgres,
    connections: POOL,
    connect(port) {
      const pool = pgPool(port, { max: POOL, connectionTimeoutMillis: TIMEOUT_MS })
      const open = () => postgres(pool, { table: newTable(), timeout: TIMEOUT_MS })
      return { open, end: () => pool.end() }
    },
  },
  'postgres.js': {
    server: servers.postgres,
    connections: POOL,
    connect(port) {
      const sql = postgresJs({
        host: '127.0.0.1',
        port,
        user: 'postgres',
        max: POOL,
        connect_timeout: 1,
        backoff: () => 0.1,
        onnotice: () => {},
      })
      const open = () => postgres(sql, { table: newTable(), timeout: TIMEOUT_MS })
      return { open, end: () => sql.end({ timeout: 1 }) }
    },
  },
  mysql2: {
    server: servers.mariadb,
    connections: POOL,
    connect(port) {
      const pool = mysqlPool(port, { connectionLimit: POOL, connectTimeout: TIMEOUT_MS })
      const open = () => mysql(pool, { table: newTable(), timeout: TIMEOUT_MS })
      return { open, end: () => pool.end() }
    },
  },
}

for (const [name, client] of Object.entries(clients)) testNetwork(name, client)
