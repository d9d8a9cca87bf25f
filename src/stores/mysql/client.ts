import { SessionError } from '../../errors.ts'
import type { Lent } from '../sql/calls.ts'
import type { Row, Statement, Values } from '../sql/statements.ts'

/** What is used of a pool of `mysql2/promise`. */
export interface MysqlPool {
  getConnection(): Promise<{
    execute(
      options: { sql: string; rowsAsArray: boolean; nestTables: boolean; typeCast: boolean },
      values: (Buffer | number | null)[],
    ): Promise<readonly [unknown, ...unknown[]]>
    query(sql: string): Promise<unknown>
    release(): void
    destroy(): void
  }>
}

export interface MysqlConnection extends Lent {
  /** The rows of a SELECT. */
  rows(statement: Statement, values: Values): Promise<readonly Row[]>
  /** How many rows a write has changed, or found. */
  write(statement: Statement, values: Values): Promise<number>
  /** Without values, by the protocol that takes every statement. */
  run(sql: string): Promise<unknown>
}

/** @throws SessionError `invalid_option` */
export function connectionsOf(pool: MysqlPool): () => Promise<MysqlConnection> {
  const { promise } = (pool ?? {}) as { promise?: unknown }
  if (typeof pool?.getConnection !== 'function' || typeof promise === 'function') {
    throw new SessionError('invalid_option', 'mysql() needs a pool of mysql2/promise: createPool()')
  }
  return async () => {
    const connection = await pool.getConnection()
    const execute = async ({ text: sql, values }: Statement, given: Values): Promise<unknown> => {
      // Whatever the app has set for its own queries.
      const options = { sql, rowsAsArray: false, nestTables: false, typeCast: true }
      const [answer] = await connection.execute(
        options,
        values.map((name) => bytes(given[name])),
      )
      return answer
    }
    return {
      rows: async (statement, given) => ((await execute(statement, given)) as Row[]).map(texts),
      async write(statement, given) {
        return ((await execute(statement, given)) as { affectedRows: number }).affectedRows
      },
      run: (sql) => connection.query(sql),
      release: (broken) => (broken ? connection.destroy() : connection.release()),
    }
  }
}

/** A text is sent as bytes: the connection's character set may lack some of it. */
function bytes(value: Values[string]): Buffer | number | null {
  return typeof value === 'string' ? Buffer.from(value) : (value ?? null)
}

function texts(row: Row): Row {
  const columns = Object.entries(row)
  return Object.fromEntries(
    columns.map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString() : value]),
  )
}
