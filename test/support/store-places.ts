// Stores as another process can be told of them.
import type { Store } from '../../src/session/record.ts'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { type SqliteOptions, sqlite } from '../../src/stores/sqlite.ts'
import { mysqlPool, pgPool } from './sql-clients.ts'

/** A server on loopback, and the table of a test. */
interface ServerPlace {
  readonly server: 'postgres' | 'mysql'
  readonly port: number
  readonly table: string
}

export type StorePlace = SqliteOptions | ServerPlace

export async function withStore<T>(
  place: StorePlace,
  run: (store: Store) => Promise<T>,
): Promise<T> {
  const { store, end } = openStore(place)
  try {
    return await run(store)
  } finally {
    await store.close?.()
    await end()
  }
}

function openStore(place: StorePlace): { store: Store; end: () => unknown } {
  if (!('server' in place)) return { store: sqlite(place), end: () => undefined }
  const { server, port, table } = place
  if (server === 'postgres') {
    const pool = pgPool(port, { max: 4 })
    return { store: postgres(pool, { table }), end: () => pool.end() }
  }
  const pool = mysqlPool(port, { connectionLimit: 4 })
  return { store: mysql(pool, { table }), end: () => pool.end() }
}
