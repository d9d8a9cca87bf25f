import { createRequire } from 'node:module'
import { SessionError } from '../errors.ts'
import type { Store } from '../session/record.ts'
import { mysql } from './mysql.ts'
import { postgres } from './postgres.ts'
import { redis } from './redis.ts'
import { sqlite } from './sqlite.ts'
import { startedStore } from './started.ts'

/** A client's module, as its package exports it. */
// oxlint-disable-next-line typescript/no-explicit-any
type Module = Record<string, any>
export type Load = (name: string) => Module

/** One way to speak with a kind of server: by a package that the app may have installed. */
interface Client {
  readonly name: string
  readonly connect: (module: Module, url: string) => Connected
}

/** A store and what it needs beside: it owns its client, since nobody else has it. */
interface Connected {
  readonly store: Store
  /** Connects, and makes what is missing; tried again at the next verb if it fails. */
  readonly start: () => Promise<unknown>
  readonly stop: () => Promise<unknown>
}

const REDIS: readonly Client[] = [
  {
    name: 'redis',
    connect({ createClient }, url) {
      const client = quiet(createClient({ url, disableOfflineQueue: true }))
      const start = async (): Promise<void> => {
        if (!client.isOpen) await client.connect()
      }
      return { store: redis(client), start, stop: async () => client.destroy() }
    },
  },
  {
    name: 'ioredis',
    connect({ Redis }, url) {
      const waiting = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 }
      const client = quiet(new Redis(url, { ...waiting, enableAutoPipelining: true }))
      const start = async (): Promise<void> => {
        if (client.status === 'wait') await client.connect()
      }
      return { store: redis(client), start, stop: async () => client.disconnect() }
    },
  },
]

const POSTGRES: readonly Client[] = [
  {
    name: 'pg',
    connect({ Pool }, url) {
      const pool = quiet(new Pool({ connectionString: url, connectionTimeoutMillis: 5000 }))
      const store = postgres(pool)
      return { store, start: () => store.setUp(), stop: () => pool.end() }
    },
  },
  {
    name: 'postgres',
    connect(module, url) {
      const sql = (module['default'] ?? module)(url, {
        connect_timeout: 5,
        onnotice: () => undefined,
      })
      const store = postgres(sql)
      return { store, start: () => store.setUp(), stop: () => sql.end() }
    },
  },
]

const MYSQL: readonly Client[] = [
  {
    name: 'mysql2/promise',
    connect({ createPool }, url) {
      const pool = createPool({ uri: url.replace(/^mariadb:/, 'mysql:'), connectTimeout: 5000 })
      const store = mysql(pool)
      return { store, start: () => store.setUp(), stop: () => pool.end() }
    },
  },
]

const CLIENTS: ReadonlyMap<string, readonly Client[]> = new Map([
  ...(['redis:', 'rediss:'] as const).map((protocol) => [protocol, REDIS] as const),
  ...(['postgres:', 'postgresql:'] as const).map((protocol) => [protocol, POSTGRES] as const),
  ...(['mysql:', 'mariadb:'] as const).map((protocol) => [protocol, MYSQL] as const),
])

/**
 * The store that a URL names, over a client that the app has installed, with tables made at its first
 * use. It waits for its server at the start, and closes the connection when it is closed.
 *
 * @throws SessionError `invalid_option`: no such protocol, or no client for it installed
 */
export function storeFromUrl(url: string, now: () => number, load: Load = loadInstalled): Store {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol === 'file:') return sqlite({ file: new URL(url), now })
  const clients = CLIENTS.get(protocol)
  if (clients === undefined) {
    throw new SessionError(
      'invalid_option',
      "store must be a store, or a URL that begins with 'redis://', 'postgres://', 'mysql://' or 'file:///'",
    )
  }
  for (const { name, connect } of clients) {
    const module = find(name, load)
    if (module !== undefined) return startedStore(connect(module, url))
  }
  const names = clients.map(({ name }) => name.replace(/\/.*/, '')).join(' or ')
  throw new SessionError(
    'invalid_option',
    `store is a ${protocol} URL, but no client for it is installed: npm install ${names}`,
  )
}

const loadInstalled: Load = createRequire(import.meta.url)

function find(name: string, load: Load): Module | undefined {
  try {
    return load(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Verbs tell of failures; an `error` event that nobody hears would end the process. */
function quiet<Emitter extends { on(event: 'error', listener: () => void): unknown }>(
  emitter: Emitter,
): Emitter {
  emitter.on('error', () => undefined)
  return emitter
}
