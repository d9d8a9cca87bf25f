// Clients for SQL servers on loopback, as apps make them.
import { randomBytes } from 'node:crypto'
import { createPool, type Pool as MysqlPool } from 'mysql2/promise'
import type { PgClient, PgConnection, PgLite, PgPool } from '../../src/stores/postgres/client.ts'
import { require } from './express-session.ts'

const host = '127.0.0.1'

/** pg brings no types. */
export interface Pool extends PgPool {
  query(text: string, values?: unknown[]): Promise<{ rows: any[] }>
  end(): Promise<void>
}

export function pgPool(port: number, options: object = {}): Pool {
  const { Pool } = require('pg')
  return new Pool({ host, port, user: 'postgres', database: 'postgres', ...options })
}

export function connectionOf(pool: PgPool): Promise<PgConnection> {
  return new Promise((resolve, reject) => {
    pool.connect((error, connection) => (connection ? resolve(connection) : reject(error)))
  })
}

/** Each case has tables of its own, and they go with the server. */
export function newTable(): string {
  return `sessions_${randomBytes(6).toString('hex')}`
}

export async function pgClient(port: number): Promise<PgClient & { end(): Promise<void> }> {
  const { Client } = require('pg')
  const client = new Client({ host, port, user: 'postgres', database: 'postgres' })
  await client.connect()
  return client
}

/** Its types need those of browsers. */
export function pgLite(): PgLite & { close(): Promise<void> } {
  const { PGlite } = require('@electric-sql/pglite')
  return new PGlite()
}

export function mysqlPool(port: number, options: object = {}): MysqlPool {
  return createPool({ host, port, user: 'root', database: 'test', ...options })
}
