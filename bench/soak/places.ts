import type { Duration, Store } from 'symbolon'
import { memory } from 'symbolon/stores/memory'
import { redis } from 'symbolon/stores/redis'
import { sqlite } from 'symbolon/stores/sqlite'
import { createClient } from 'redis'
import { LOOPBACK } from '../../test/support/servers.ts'
import { faultyStore } from './faulty-store.ts'

/** Where the sessions of one of the apps are. */
export const PLACES = ['memory', 'SQLite', 'Redis'] as const
export type Place = (typeof PLACES)[number]

/** What the processes are told of each other. */
export interface Setting {
  /** Of the key ring that all apps share. */
  readonly ring: string
  /** Of SQLite. */
  readonly database: string
  /** Of the proxy before Redis; without it there is no app on Redis. */
  readonly redisPort: number | undefined
  /** The share of a store's calls that fail. */
  readonly faults: number
}

/** Short lives, so that all that can happen to a session happens often within the hour; in ms. */
export const LIVES = { tokenLife: 20_000, idle: 120_000, absolute: 600_000 } as const

export interface Opened {
  readonly store: Store
  readonly maxStale: Duration
}

export function placesOf({ redisPort }: Setting): readonly Place[] {
  return PLACES.filter((place) => place !== 'Redis' || redisPort !== undefined)
}

/** What fails between an app and its server is the proxy's to say. */
export async function openPlace(place: Place, setting: Setting): Promise<Opened> {
  const { database, redisPort, faults } = setting
  if (place === 'memory') return { store: faultyStore(memory(), faults), maxStale: 0 }
  if (place === 'SQLite') {
    return { store: faultyStore(sqlite({ file: database }), faults), maxStale: 0 }
  }
  const client = createClient({
    socket: { host: LOOPBACK, port: redisPort!, reconnectStrategy: 50 },
    disableOfflineQueue: true,
  })
  client.on('error', () => undefined)
  await client.connect()
  return { store: redis(client), maxStale: '10s' }
}
