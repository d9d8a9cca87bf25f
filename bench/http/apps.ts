import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import express, { type Express, type Request, type RequestHandler } from 'express'
import { createSessions, type Duration, type Store } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { memory } from 'symbolon/stores/memory'
import { postgres } from 'symbolon/stores/postgres'
import { redis } from 'symbolon/stores/redis'
import { sqlite } from 'symbolon/stores/sqlite'
import { postgresPool, redisClient } from '../stores/clients.ts'
import { fillSqlite } from '../stores/filling.ts'

export const IN_PROCESS = ['bare', 'express-session', 'memory', 'sqlite', 'remembered'] as const
export const ON_REDIS = [
  'express-session-redis',
  'drop-in-redis',
  'redis',
  'redis-remembered',
] as const
export const ON_POSTGRES = ['express-session-postgres', 'postgres'] as const
export type Server = (typeof IN_PROCESS | typeof ON_REDIS | typeof ON_POSTGRES)[number]

/** Those of ours with `maxStale`. */
export const REMEMBERING: readonly Server[] = ['remembered', 'redis-remembered']

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

/** What all of the apps keep in a session, beside the user. */
interface Data {
  theme?: string
  visits?: number
}

/** Who logs in. */
interface User {
  readonly id: string
  readonly roles: readonly string[]
}

/** How one library says the things that an app says. */
interface Words {
  readonly middleware?: RequestHandler
  readonly login: (request: Request, user: User) => unknown
  readonly userId: (request: Request) => string | undefined
  readonly data: (request: Request) => Data
}

/** The same app over each session library, and over none. */
export async function createApp(server: Server, places: Places): Promise<Express> {
  const { middleware, login, userId, data } = await WORDS[server](places)
  const app = express()
  if (middleware !== undefined) app.use(middleware)
  app.post('/login/:id', async (request, response) => {
    await login(request, { id: request.params.id, roles: ['editor', 'billing'] })
    Object.assign(data(request), { theme: 'dark', visits: 0 })
    response.json({ value: 'welcome' })
  })
  app.get('/identity', (request, response) => {
    response.json({ value: userId(request) ?? 'nobody' })
  })
  app.get('/read', (request, response) => {
    response.json({ value: data(request).theme })
  })
  app.get('/write', (request, response) => {
    const session = data(request)
    session.visits = (session.visits ?? 0) + 1
    response.json({ value: session.visits })
  })
  return app
}

// For packages that bring no types, or types of req.session other than symbolon/express's.
const require = createRequire(import.meta.url)

const WORDS: Readonly<Record<Server, (places: Places) => Words | Promise<Words>>> = {
  bare: () => ({ login: () => undefined, userId: () => '7', data: () => ({ theme: 'dark' }) }),
  'express-session': () => expressSession('express-session'),
  memory: () => ours(memory()),
  sqlite({ file, rows }) {
    const store = sqlite({ file: file! })
    fillSqlite(store, file!, { from: 1, count: rows! })
    return ours(store)
  },
  remembered: ({ file }) => ours(sqlite({ file: `${file}-remembered` }), '10s'),
  'express-session-redis': async (places) =>
    expressSession('express-session', await connectRedis(places)),
  'drop-in-redis': async (places) =>
    expressSession('symbolon/express-session', await connectRedis(places)),
  redis: async ({ redisPort }) => ours(redis(await redisClient(redisPort!))),
  'redis-remembered': async ({ redisPort }) => ours(redis(await redisClient(redisPort!)), '10s'),
  'express-session-postgres': (places) => expressSession('express-session', connectPg(places)),
  async postgres({ postgresPort }) {
    const store = postgres(postgresPool(postgresPort!))
    await store.setUp()
    return ours(store)
  },
}

function ours(store: Store, maxStale: Duration = 0): Words {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const fields = [
    ['id', 'uid', 'userId'],
    ['roles', 'r', 'roles'],
  ] as const
  const sessions = createSessions({ keys: privateKey, fields, store, maxStale })
  return {
    middleware: sessionMiddleware(sessions) as RequestHandler,
    login: (request, user) => request.session.login(user),
    userId: (request) => request.auth?.['userId'],
    data: (request) => request.session as Data,
  }
}

/** With the options that its documentation advises; by default with the store that it comes with. */
function expressSession(
  name: 'express-session' | 'symbolon/express-session',
  store?: object,
): Words {
  const session = require(name) as (options: object) => RequestHandler
  const secret = randomBytes(32).toString('hex')
  return {
    middleware: session({ secret, store, resave: false, saveUninitialized: false }),
    login: (request, user) => Object.assign(request.session, { user }),
    userId: (request) => (request.session as { user?: User }).user?.id,
    data: (request) => request.session as Data,
  }
}

async function connectRedis({ redisPort }: Places): Promise<object> {
  const { RedisStore } = require('connect-redis') as {
    RedisStore: new (options: object) => object
  }
  return new RedisStore({ client: await redisClient(redisPort!) })
}

function connectPg({ postgresPort }: Places): object {
  const createStore = require('connect-pg-simple') as (
    session: unknown,
  ) => new (options: object) => object
  const Store = createStore(require('express-session'))
  return new Store({ pool: postgresPool(postgresPort!), createTableIfMissing: true })
}
