import { createRequire } from 'node:module'
import { createClient } from 'redis'
import type { PgPool } from '../../src/stores/postgres/client.ts'
import { LOOPBACK } from '../../test/support/servers.ts'

// pg brings no types.
const { Pool } = createRequire(import.meta.url)('pg') as {
  Pool: new (options: object) => PostgresPool
}

export type NodeRedis = ReturnType<typeof createClient>

export interface PostgresPool extends PgPool {
  query(text: string, values?: unknown[]): Promise<unknown>
  end(): Promise<void>
}

/** Connected, with its own defaults: the same client for every library. */
export async function redisClient(port: number): Promise<NodeRedis> {
  const client: NodeRedis = createClient({ socket: { host: LOOPBACK, port } })
  return client.connect()
}

/** With its own defaults, the same for every library. */
export function postgresPool(port: number): PostgresPool {
  return new Pool({ host: LOOPBACK, port, user: 'postgres', database: 'postgres' })
}
