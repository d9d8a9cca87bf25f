// Clients for SQL servers on loopback, as apps make them.
import { randomBytes } from 'node:crypto'
import { createPool, type Pool as MysqlPool } from 'mysql2/promise'
import type { PgConnection, PgLite, PgPool } from '../../src/stores/postgres-client.ts'
import type { StoreSuiteOptions } from '../../src/testing/store-suite.ts'
import { require } from './express-session.ts'

const host = '127.0.0.1'

/**
 * How much chance the shared suite takes: a part of what CI has time for, or all of it with
 * STORE_AMOUNT=1.
 */
export function amounts(part: number): StoreSuiteOptions {
  const amount = Number(process.env['STORE_AMOUNT'] ?? part / 50)
  return { histories: 10_000 * amount, logouts: 10_000 * amount, increments: 100 * amount }
}

/** pg brings no types. */
export interface Pool extends PgPool {
  connect: PgPool['connect'] & (() => Promise<PgConnection>)
  query(text: string, values?: unknown[]): Promise<{ rows: any[] }>
  end(): Promise<void>
}

export function pgPool(port: number, options: object = {}): Pool {
  const { Pool } = require('pg')
  return new Pool({ host, port, user: 'postgres', database: 'postgres', ...options })
}

/** Each case has tables of its own, and they go with the server. */
export function newTable(): string {
  return `sessions_${randomBytes(6).toString('hex')}`
}

/** Its types need those of browsers. */
export function pgLite(): PgLite & { close(): Promise<void> } {
  const { PGlite } = require('@electric-sql/pglite')
  return new PGlite()
}

export function mysqlPool(port: number, options: object = {}): MysqlPool {
  return createPool({ host, port, user: 'root', database: 'test', ...options })
}
