import { SessionError } from '../errors.ts'
import type { MaybePromise } from '../session/record.ts'
import { accessTo, type PostgresClient } from '../stores/postgres/client.ts'
import { codeOf, SqlCalls } from '../stores/sql/calls.ts'
import { type Row, type Statement, statement, type Values } from '../stores/sql/statements.ts'
import { WaitingLine } from '../stores/sqlite/line.ts'

/** What is used of `DatabaseSync` of `node:sqlite`, and of better-sqlite3. */
export interface SqliteClient {
  prepare(sql: string): {
    all(...values: (string | number | null)[]): unknown[]
    run(...values: (string | number | null)[]): { readonly changes: number | bigint }
  }
}

/** What is used of a pool of `mysql2/promise`. */
export interface MysqlClient {
  execute(sql: string, values: (string | number | null)[]): Promise<readonly [unknown, unknown]>
}

/** Django's database: SQLite, PostgreSQL (as for `postgres()`), or MySQL and MariaDB. */
export type DjangoDatabase = SqliteClient | PostgresClient | MysqlClient

export type Dialect = 'sqlite' | 'postgres' | 'mysql'

/** The database as the parts here ask it; names of values stand in the SQL as `:name`. */
export interface Sql {
  readonly dialect: Dialect
  select(sql: string, values: Values): MaybePromise<readonly Row[]>
  /** @returns how many rows were written; undefined if one of the same key is there */
  change(sql: string, values: Values): MaybePromise<number | undefined>
}

const TIMEOUT_MS = 5000
const DUPLICATE_KEY: readonly unknown[] = [1062]

/** @throws SessionError `invalid_option` */
export function sqlOf(client: DjangoDatabase): Sql {
  const has = (name: string): boolean => typeof Reflect.get(Object(client), name) === 'function'
  if (has('prepare')) return sqlite(client as SqliteClient)
  if (has('execute')) return mysql(client as MysqlClient)
  if (has('query') || has('unsafe')) return postgres(client as PostgresClient)
  throw new SessionError(
    'invalid_option',
    'database must be a DatabaseSync or better-sqlite3, a client for PostgreSQL, or a pool of mysql2/promise',
  )
}

function sqlite(client: SqliteClient): Sql {
  const line = new WaitingLine(TIMEOUT_MS)
  const prepared = remember((sql: string) => {
    const { text, values } = statement(sql, false)
    return { names: values, prepared: client.prepare(text) }
  })
  return {
    dialect: 'sqlite',
    select: (sql, values) =>
      line.run(() => {
        const { names, prepared: query } = prepared(sql)
        return query.all(...inOrder(names, values)) as readonly Row[]
      }),
    change: (sql, values) =>
      line.run(() => {
        const { names, prepared: query } = prepared(sql)
        return Number(query.run(...inOrder(names, values)).changes)
      }),
  }
}

function postgres(client: PostgresClient): Sql {
  const access = accessTo(client)
  const calls = new SqlCalls(() => access.lend(), TIMEOUT_MS)
  const numbered = remember((sql: string) => statement(sql, true))
  const ask = (query: Statement, values: Values): Promise<readonly Row[]> =>
    calls.run((connection) => connection.query(query, inOrder(query.values, values)))
  return {
    dialect: 'postgres',
    select: (sql, values) => ask(numbered(sql), values),
    change: async (sql, values) => (await ask(numbered(`${sql} RETURNING 1`), values)).length,
  }
}

function mysql(client: MysqlClient): Sql {
  const connection = { client, release: () => undefined }
  const calls = new SqlCalls(async () => connection, TIMEOUT_MS)
  const plain = remember((sql: string) => statement(sql, false))
  const ask = (sql: string, values: Values): Promise<unknown> => {
    const { text, values: names } = plain(sql)
    return calls.run(async () => (await client.execute(text, inOrder(names, values)))[0])
  }
  return {
    dialect: 'mysql',
    select: async (sql, values) => (await ask(sql, values)) as readonly Row[],
    async change(sql, values) {
      try {
        return Number(((await ask(sql, values)) as { affectedRows: unknown }).affectedRows)
      } catch (error) {
        if (DUPLICATE_KEY.includes(codeOf((error as SessionError).cause))) return undefined
        throw error
      }
    },
  }
}

function inOrder(names: readonly string[], values: Values): (string | number | null)[] {
  return names.map((name) => values[name] ?? null)
}

/** There are few texts of SQL, each asked for again and again. */
function remember<T>(make: (sql: string) => T): (sql: string) => T {
  const known = new Map<string, T>()
  return (sql) => {
    const made = known.get(sql) ?? make(sql)
    known.set(sql, made)
    return made
  }
}
