import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from 'symbolon'
import { postgres } from 'symbolon/stores/postgres'
import { redis } from 'symbolon/stores/redis'
import { sqlite } from 'symbolon/stores/sqlite'
import type { RunningServer } from '../../test/support/servers.ts'
import { type NodeRedis, type PostgresPool, postgresPool, redisClient } from '../stores/clients.ts'
import { type Filling, fillPostgres, fillSqlite } from '../stores/filling.ts'
import { STORE_SERVERS, startIfThere } from '../stores/servers.ts'
import { fillRedis } from './fill-redis.ts'

/** Empty stores of one kind beside each other. */
export interface Growing {
  add(): Promise<Growable>
  close(): Promise<void>
}

/** One store, to be filled. */
export interface Growable {
  readonly store: Store
  readonly addSessions: (filling: Filling) => unknown
  /** What the store takes on the disk, or of Redis in memory, in bytes. */
  readonly bytes: () => number | Promise<number>
}

export const KINDS = ['SQLite', 'PostgreSQL', 'Redis'] as const
export type Kind = (typeof KINDS)[number]

/** @returns undefined where the server is not installed */
export async function startGrowing(kind: Kind, folder: string): Promise<Growing | undefined> {
  if (kind === 'SQLite') return growingSqlite(folder)
  const [kindOfServer, growing] = SERVERS[kind]
  const server = await startIfThere(kindOfServer)
  return server && growing(server)
}

const SERVERS = {
  PostgreSQL: [STORE_SERVERS.postgres, growingPostgres],
  Redis: [STORE_SERVERS.redis, growingRedis],
} as const

function growingSqlite(folder: string): Growing {
  const stores: Store[] = []
  return {
    async add() {
      const file = join(folder, `${stores.length}.db`)
      const store = sqlite({ file })
      stores.push(store)
      return {
        store,
        addSessions: (filling) => fillSqlite(store, file, filling),
        bytes: () => statSync(file).size,
      }
    },
    async close() {
      for (const store of stores) await store.close?.()
    },
  }
}

async function growingPostgres(server: RunningServer): Promise<Growing> {
  const pool = postgresPool(server.port)
  let tables = 0
  return {
    async add() {
      const table = `sessions_${++tables}`
      const store = postgres(pool, { table })
      await store.setUp()
      return {
        store,
        addSessions: (filling) => fillPostgres(pool, table, filling),
        bytes: () => sizeOfTable(pool, table),
      }
    },
    async close() {
      await pool.end()
      await server.stop()
    },
  }
}

async function growingRedis(server: RunningServer): Promise<Growing> {
  const client = await redisClient(server.port)
  let prefixes = 0
  return {
    async add() {
      const prefix = `${++prefixes}:`
      const store = redis(client, { prefix })
      const before = await memoryOf(client)
      return {
        store,
        addSessions: (filling) => fillRedis(store, server.port, prefix, filling),
        bytes: async () => (await memoryOf(client)) - before,
      }
    },
    async close() {
      client.destroy()
      await server.stop()
    },
  }
}

/** With its indexes. */
async function sizeOfTable(pool: PostgresPool, table: string): Promise<number> {
  const answer = await pool.query('SELECT pg_total_relation_size($1::regclass) AS bytes', [table])
  const { rows } = answer as { rows: readonly [{ bytes: string }] }
  return Number(rows[0].bytes)
}

async function memoryOf(client: NodeRedis): Promise<number> {
  const [, bytes] = /used_memory:(\d+)/.exec(await client.info('memory')) ?? []
  return Number(bytes)
}
