import type { RequestListener } from 'node:http'
import type { Duration, Sessions } from 'symbolon'
import { ourSessions } from './ours.ts'
import { CLASSIC_STORES, OUR_STORES, type Places } from './stores.ts'
import { NO_SESSIONS } from './words.ts'

/** One session library on one framework and store. */
interface App {
  readonly label: string
  /** Whether it tells who the user is, and keeps nothing else. */
  readonly identityOnly?: true
  /** Nothing of other apps is loaded with it. */
  readonly listener: (places: Places) => Promise<RequestListener>
}

export const APPS = {
  bare: {
    label: 'bare Express',
    listener: async () => (await import('./hosts/express.ts')).expressApp(NO_SESSIONS),
  },
  'express-session': {
    label: 'express-session, MemoryStore',
    listener: async () => (await import('./peers/express-session.ts')).app('express-session'),
  },
  'cookie-session': {
    label: 'cookie-session ¹',
    listener: async () => (await import('./peers/cookie-session.ts')).app(),
  },
  'iron-session': {
    label: 'iron-session ¹',
    listener: async () => (await import('./peers/iron-session.ts')).app(),
  },
  'express-jwt': {
    label: 'express-jwt ²',
    identityOnly: true,
    listener: async () => (await import('./peers/express-jwt.ts')).app(),
  },
  'better-auth': {
    label: 'better-auth, cookie cache ³',
    identityOnly: true,
    listener: async () => (await import('./peers/better-auth.ts')).app(),
  },
  memory: { label: 'ours, memory', listener: onExpress('memory') },
  secret: { label: 'ours, memory, HS256', listener: onExpress('memory', { secret: true }) },
  sqlite: { label: 'ours, SQLite', listener: onExpress('sqlite') },
  remembered: {
    label: 'ours, SQLite, maxStale 10 s',
    listener: onExpress('emptySqlite', { maxStale: '10s' }),
  },

  'bare-fastify': {
    label: 'bare Fastify',
    listener: async () => (await import('./hosts/fastify.ts')).fastifyApp(NO_SESSIONS),
  },
  'fastify-session': {
    label: '@fastify/session, its store',
    listener: async () => (await import('./peers/fastify-session.ts')).app(),
  },
  'fastify-memory': { label: 'ours, memory', listener: onFastify('memory') },
  'fastify-remembered': {
    label: 'ours, SQLite, maxStale 10 s',
    listener: onFastify('emptySqlite', { maxStale: '10s' }),
  },

  'bare-koa': {
    label: 'bare Koa',
    listener: async () => (await import('./hosts/koa.ts')).koaApp(NO_SESSIONS),
  },
  'koa-session': {
    label: 'koa-session, Map',
    listener: async () => (await import('./peers/koa-session.ts')).app(),
  },

  'bare-fetch': {
    label: 'bare Hono',
    listener: async () => (await import('./hosts/hono.ts')).honoApp(NO_SESSIONS),
  },
  'hono-session': {
    label: '@hono/session, Map',
    listener: async () => (await import('./peers/hono-session.ts')).app(),
  },
  'fetch-memory': { label: 'ours, memory', listener: onFetch('memory') },
  'fetch-remembered': {
    label: 'ours, SQLite, maxStale 10 s',
    listener: onFetch('emptySqlite', { maxStale: '10s' }),
  },

  'express-session-redis': {
    label: 'express-session, connect-redis',
    listener: classic('express-session', 'redis'),
  },
  'drop-in-redis': {
    label: 'drop-in, connect-redis',
    listener: classic('symbolon/express-session', 'redis'),
  },
  redis: { label: 'ours, Redis', listener: onExpress('redis') },
  'redis-remembered': {
    label: 'ours, Redis, maxStale 10 s',
    listener: onExpress('redis', { maxStale: '10s' }),
  },
  'express-session-postgres': {
    label: 'express-session, connect-pg-simple',
    listener: classic('express-session', 'postgres'),
  },
  postgres: { label: 'ours, PostgreSQL', listener: onExpress('postgres') },
} satisfies Readonly<Record<string, App>>

export type Server = keyof typeof APPS

export function appOf(server: Server): App {
  return APPS[server]
}

/** A framework alone. */
export function isBare(server: Server): boolean {
  return server.startsWith('bare')
}

interface Ours {
  readonly maxStale?: Duration
  readonly secret?: boolean
}

type Listener = App['listener']

async function sessionsOn(
  store: keyof typeof OUR_STORES,
  { maxStale, secret }: Ours,
  places: Places,
): Promise<Sessions> {
  return ourSessions(await OUR_STORES[store](places), maxStale, secret)
}

function onExpress(store: keyof typeof OUR_STORES, options: Ours = {}): Listener {
  return async (places) => {
    const { app } = await import('./peers/ours-express.ts')
    return app(await sessionsOn(store, options, places))
  }
}

function onFastify(store: keyof typeof OUR_STORES, options: Ours = {}): Listener {
  return async (places) => {
    const { app } = await import('./peers/ours-fastify.ts')
    return app(await sessionsOn(store, options, places))
  }
}

function onFetch(store: keyof typeof OUR_STORES, options: Ours = {}): Listener {
  return async (places) => {
    const { app } = await import('./peers/ours-fetch.ts')
    return app(await sessionsOn(store, options, places))
  }
}

function classic(
  name: 'express-session' | 'symbolon/express-session',
  store: keyof typeof CLASSIC_STORES,
): Listener {
  return async (places) => {
    const { app } = await import('./peers/express-session.ts')
    return app(name, await CLASSIC_STORES[store](places))
  }
}
