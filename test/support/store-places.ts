// Stores as another process can be told of them.
import type { Store } from '../../src/session/record.ts'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { redis } from '../../src/stores/redis.ts'
import { type SqliteOptions, sqlite } from '../../src/stores/sqlite.ts'
import { openClients } from './redis-stores.ts'
import { mysqlPool, pgPool } from './sql-clients.ts'
import { untilItAnswers } from './store-faults.ts'

/** A server on loopback, and the table or the prefix of a test. */
interface ServerPlace {
  readonly server: 'postgres' | 'mysql' | 'redis'
  readonly port: number
  readonly name: string
}

export type StorePlace = SqliteOptions | ServerPlace

export async function withStore<T>(
  place: StorePlace,
  run: (store: Store) => Promise<T>,
): Promise<T> {
  const { store, end } = await openStore(place)
  try {
    return await run(store)
  } finally {
    await store.close?.()
    await end()
  }
}

async function openStore(place: StorePlace): Promise<{ store: Store; end: () => unknown }> {
  if (!('server' in place)) return { store: sqlite(place), end: () => undefined }
  const { server, port, name } = place
  if (server === 'redis') {
    const { client, end } = openClients['node-redis'](port)
    const store = redis(client, { prefix: name })
    await untilItAnswers(store)
    return { store, end }
  }
  if (server === 'postgres') {
    const pool = pgPool(port, { max: 4 })
    return { store: postgres(pool, { table: name }), end: () => pool.end() }
  }
  const pool = mysqlPool(port, { connectionLimit: 4 })
  return { store: mysql(pool, { table: name }), end: () => pool.end() }
}
