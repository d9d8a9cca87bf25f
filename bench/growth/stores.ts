import { join } from 'node:path'
import type { Store } from 'symbolon'
import { postgres } from 'symbolon/stores/postgres'
import { redis } from 'symbolon/stores/redis'
import { sqlite } from 'symbolon/stores/sqlite'
import type { RunningServer } from '../../test/support/servers.ts'
import { postgresPool, redisClient } from '../stores/clients.ts'
import { type Filling, fillPostgres, fillSqlite, idOf, recordOf } from '../stores/filling.ts'
import { STORE_SERVERS, startIfThere } from '../stores/servers.ts'

/** Empty stores of one kind beside each other. */
export interface Growing {
  add(): Promise<Growable>
  close(): Promise<void>
}

/** One store, to be filled. */
export interface Growable {
  readonly store: Store
  readonly addSessions: (filling: Filling) => unknown
}

export const KINDS = ['SQLite', 'PostgreSQL', 'Redis'] as const
export type Kind = (typeof KINDS)[number]

/** So many sessions are on their way to Redis at once. */
const AT_ONCE = 1000

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
      return { store, addSessions: (filling) => fillSqlite(store, file, filling) }
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
      return { store, addSessions: (filling) => fillPostgres(pool, table, filling) }
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
      const store = redis(client, { prefix: `${++prefixes}:` })
      return { store, addSessions: (filling) => fillByVerbs(store, filling) }
    },
    async close() {
      client.destroy()
      await server.stop()
    },
  }
}

async function fillByVerbs(store: Store, { from, count }: Filling): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    const numbers = Array.from(
      { length: Math.min(AT_ONCE, count - done) },
      (_, n) => from + done + n,
    )
    await Promise.all(numbers.map(async (number) => store.create(idOf(number), recordOf(number))))
  }
}
