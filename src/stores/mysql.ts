import { milliseconds } from '../duration.ts'
import { connectionsOf, type MysqlConnection, type MysqlPool } from './mysql/client.ts'
import { mysqlSchema, mysqlStatements } from './mysql/statements.ts'
import { codeOf, SqlCalls } from './sql/calls.ts'
import { type Row, tablesOf, type Values, type Verb } from './sql/statements.ts'
import { type SqlOptions, type SqlStore, sqlVerbs } from './sql/store.ts'

export type { MysqlPool } from './mysql/client.ts'

/** Names and times. */
export interface MysqlOptions extends SqlOptions {}

const DUPLICATE_KEY = 1062
const READING: readonly Verb[] = ['read', 'ofUser', 'userMark', 'revocations']

/**
 * Keeps sessions in MySQL 8 or MariaDB 10.5, or later ones, in InnoDB tables. Each verb is one
 * statement, hence atomic; one that finds nothing to change is followed by another that asks why.
 * What was acknowledged survives a crash, unless `innodb_flush_log_at_trx_commit` is not 1. Ids are
 * stored as hashes: whoever reads the tables cannot make a cookie of them.
 *
 * The pool is the app's, and is not ended by `close()`. Times are those of the server's clock. These
 * servers tell of no changes: with `maxStale` other processes hear of a logout when that has passed.
 *
 * @param pool made by `createPool` of `mysql2/promise`
 * @throws SessionError `invalid_option`; a verb throws `store_timeout`, or `store_unavailable` with
 *   the client's error as `cause`
 *
 * @example
 * import { createPool } from 'mysql2/promise'
 *
 * const store = mysql(createPool({ uri: process.env.DATABASE_URL, connectTimeout: 5000 }))
 * await store.setUp()
 * const sessions = createSessions({ keys, fields, store })
 */
export function mysql(pool: MysqlPool, options: MysqlOptions = {}): SqlStore {
  const { table = 'symbolon_sessions', now } = options
  const timeout = milliseconds(options.timeout ?? '5s', 'timeout')
  const tables = tablesOf(table, '`')
  const schema = mysqlSchema(tables)
  const calls = new SqlCalls(connectionsOf(pool), timeout)
  const carryOut = mysqlVerbs(mysqlStatements(tables))

  return {
    guarantees: { noRevival: true, noLostUpdate: true, durableLogout: true, hearsChanges: false },
    ...sqlVerbs((verb, values) =>
      calls.run((connection) => carryOut(connection, verb, { ...values, now: now?.() })),
    ),
    schema: `${schema.join(';\n')};`,
    setUp: () =>
      calls.run(async (connection) => {
        for (const sql of schema) await connection.run(sql)
      }),
    close: () => undefined,
  }
}

type Statements = ReturnType<typeof mysqlStatements>
type CarryOut = (connection: MysqlConnection, verb: Verb, values: Values) => Promise<readonly Row[]>

function mysqlVerbs(statements: Statements): CarryOut {
  return async (connection, verb, values) => {
    const write = (name: keyof Statements): Promise<number> =>
      connection.write(statements[name], values)
    const isLiving = async (): Promise<boolean> =>
      (await connection.rows(statements.look, values)).length > 0

    if (READING.includes(verb)) return connection.rows(statements[verb], values)
    if (verb === 'create') return rowIf(await created(write))
    if (verb === 'touch') {
      // Where the pool does not count rows that were found, one that stayed as it was is not.
      return rowIf((await write(verb)) > 0 || (await isLiving()))
    }
    if (verb === 'update' || verb === 'end') {
      if ((await write(verb)) > 0) return [{ answer: 'ok' }]
      return [{ answer: (await isLiving()) ? 'conflict' : 'gone' }]
    }
    if (verb === 'addRevocation') {
      await connection.run('START TRANSACTION')
      await write('count')
      await write(verb)
      await connection.run('COMMIT')
      return []
    }
    return [{ removed: await write(verb) }]
  }
}

function rowIf(written: boolean): Row[] {
  return written ? [{}] : []
}

type Create = (name: 'create' | 'renew') => Promise<number>

/**
 * Not by ON DUPLICATE KEY UPDATE, whose count of rows does not tell a new one from an untouched.
 * Twice, since between the two statements a sweep may remove the row that has expired.
 */
async function created(write: Create): Promise<boolean> {
  return (await createdOrRenewed(write)) || createdOrRenewed(write)
}

async function createdOrRenewed(write: Create): Promise<boolean> {
  try {
    return (await write('create')) > 0
  } catch (error) {
    if (codeOf(error) !== DUPLICATE_KEY) throw error
    return (await write('renew')) > 0
  }
}
