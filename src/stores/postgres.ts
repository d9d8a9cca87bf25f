import { hash } from 'node:crypto'
import { milliseconds } from '../duration.ts'
import { PostgresChanges } from './postgres/changes.ts'
import { accessTo, type PostgresClient } from './postgres/client.ts'
import { postgresSchema, postgresStatements, setUpStatement } from './postgres/statements.ts'
import { SqlCalls } from './sql/calls.ts'
import { tablesOf } from './sql/statements.ts'
import { type Ask, type SqlOptions, type SqlStore, sqlVerbs } from './sql/store.ts'

export type { PostgresClient } from './postgres/client.ts'

/** Names, times, and whether changes are told. */
export interface PostgresOptions extends SqlOptions {
  /**
   * Whether changes are told by NOTIFY, so that other processes hear of a logout within a second
   * when they remember sessions (`maxStale`). Default true; the same in all processes.
   */
  readonly notify?: boolean
}

/**
 * Keeps sessions in PostgreSQL 13 or later. Each verb is one statement: atomic, and one round trip.
 * What was acknowledged survives a crash, unless `synchronous_commit` is off. Ids are stored as
 * hashes: whoever reads the tables cannot make a cookie of them.
 *
 * The client is the app's, and is not ended by `close()`. While something listens to changes, one
 * connection of the pool is kept for that. Times are those of the server's clock.
 *
 * @param client a `Pool` of `pg`, `postgres.js`, or PGlite; a `Client` of `pg` works too, but is
 *   never replaced when its connection breaks
 * @throws SessionError `invalid_option`; a verb throws `store_timeout`, or `store_unavailable` with
 *   the client's error as `cause`
 *
 * @example
 * import { Pool } from 'pg'
 *
 * const store = postgres(new Pool({ connectionTimeoutMillis: 5000 }))
 * await store.setUp()
 * const sessions = createSessions({ keys, fields, store })
 */
export function postgres(client: PostgresClient, options: PostgresOptions = {}): SqlStore {
  const { table = 'symbolon_sessions', notify = true, now } = options
  const timeout = milliseconds(options.timeout ?? '5s', 'timeout')
  const tables = tablesOf(table, '"')
  const channel = `symbolon_${hash('sha256', table).slice(0, 16)}`
  const statements = postgresStatements(tables, notify ? channel : undefined)
  const schema = postgresSchema(tables, table.replace(/^.*\./, ''))
  const access = accessTo(client)
  const calls = new SqlCalls(() => access.lend(), timeout)
  const changes = new PostgresChanges(access, channel)

  const ask: Ask = (verb, values) => {
    const given = { ...values, now: now?.() }
    const statement = statements[verb]
    const inOrder = statement.values.map((name) => given[name as keyof typeof given] ?? null)
    return calls.run((connection) => connection.query(statement, inOrder))
  }
  return {
    guarantees: { noRevival: true, noLostUpdate: true, durableLogout: true, hearsChanges: notify },
    ...sqlVerbs(ask),
    ...(notify && { changes: (hear) => changes.add(hear) }),
    schema,
    async setUp() {
      await calls.run((connection) => connection.query(setUpStatement(schema), []))
    },
    close: () => changes.close(),
  }
}
