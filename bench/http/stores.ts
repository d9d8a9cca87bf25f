import type { Store } from 'symbolon'
import { memory } from 'symbolon/stores/memory'
import { postgres } from 'symbolon/stores/postgres'
import { redis } from 'symbolon/stores/redis'
import { sqlite } from 'symbolon/stores/sqlite'
import { postgresPool, redisClient } from '../stores/clients.ts'
import { fillSqlite } from '../stores/filling.ts'
import { load } from './load.ts'

/** Where sessions are kept by those that keep them outside of their process. */
export interface Places {
  /** Of SQLite. */
  readonly file?: string
  /** How many sessions SQLite keeps beside those that log in. */
  readonly rows?: number
  /** Of Redis on the loopback. */
  readonly redisPort?: number | undefined
  /** Of PostgreSQL on the loopback. */
  readonly postgresPort?: number | undefined
}

export const OUR_STORES = {
  memory: () => memory(),

  sqlite({ file, rows }: Places): Store {
    const store = sqlite({ file: file! })
    fillSqlite(store, file!, { from: 1, count: rows! })
    return store
  },

  emptySqlite: ({ file }: Places) => sqlite({ file: `${file}-empty` }),

  redis: async ({ redisPort }: Places) => redis(await redisClient(redisPort!)),

  async postgres({ postgresPort }: Places): Promise<Store> {
    const store = postgres(postgresPool(postgresPort!))
    await store.setUp()
    return store
  },
}

export const CLASSIC_STORES = {
  async redis({ redisPort }: Places): Promise<object> {
    const { RedisStore } = load('connect-redis') as { RedisStore: new (options: object) => object }
    return new RedisStore({ client: await redisClient(redisPort!) })
  },

  async postgres({ postgresPort }: Places): Promise<object> {
    const createStore = load('connect-pg-simple') as (
      session: unknown,
    ) => new (options: object) => object
    const Store = createStore(load('express-session'))
    return new Store({ pool: postgresPool(postgresPort!), createTableIfMissing: true })
  },
}
