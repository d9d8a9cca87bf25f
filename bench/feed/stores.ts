import type { Store } from 'symbolon'
import { memory } from 'symbolon/stores/memory'
import { postgres } from 'symbolon/stores/postgres'
import { redis } from 'symbolon/stores/redis'
import { sqlite } from 'symbolon/stores/sqlite'
import { postgresPool, redisClient } from '../stores/clients.ts'

export const KINDS = ['memory', 'SQLite', 'PostgreSQL', 'Redis'] as const
export type Kind = (typeof KINDS)[number]

/** Where the store of a kind is. */
export interface Place {
  readonly kind: Kind
  readonly file: string
  readonly port: number
  /** Whether the store tells of changes: by data_version, NOTIFY, pub/sub. */
  readonly tells: boolean
}

export async function openStore(place: Place): Promise<Store> {
  const store = { ...(await openTelling(place)) }
  if (!place.tells) delete store.changes
  return store
}

async function openTelling({ kind, file, port }: Place): Promise<Store> {
  if (kind === 'SQLite') return sqlite({ file })
  if (kind === 'PostgreSQL') {
    const store = postgres(postgresPool(port))
    await store.setUp()
    return store
  }
  if (kind === 'Redis') return redis(await redisClient(port))
  return memory()
}
