import type { Action } from './actions.ts'
import type { Server } from './apps.ts'

/** Servers that are measured in turn, and compared with each other. */
export interface Group {
  readonly title: string
  /** The framework alone. */
  readonly bare: Server
  /** Whose work ours is, in an app that has no sessions of ours. */
  readonly peer: Server
  readonly needs?: 'redis' | 'postgres'
  readonly loads: readonly Load[]
}

/** Which servers are asked for what. */
export interface Load {
  readonly connections: number
  readonly servers: Readonly<Partial<Record<Action, readonly Server[]>>>
}

/** At how many connections everything is measured, and budgets are compared. */
export const CONNECTIONS = 32
export const FEW_AND_MANY = [1, 256]

const EXPRESS_STORES: readonly Server[] = ['express-session', 'memory', 'sqlite']
const COOKIES: readonly Server[] = ['cookie-session', 'iron-session']
const IDENTITY_ONLY: readonly Server[] = ['express-jwt', 'better-auth']

export const GROUPS = {
  express: {
    title: 'Express 5, sessions in its process',
    bare: 'bare',
    peer: 'express-session',
    loads: [
      {
        connections: CONNECTIONS,
        servers: {
          identity: ['bare', ...EXPRESS_STORES, 'remembered', ...COOKIES, ...IDENTITY_ONLY],
          read: ['bare', ...EXPRESS_STORES, ...COOKIES],
          write: [...EXPRESS_STORES, ...COOKIES],
          login: ['bare', ...EXPRESS_STORES, 'secret', ...COOKIES, 'express-jwt'],
          anonymous: ['bare', 'express-session', 'memory', ...COOKIES, ...IDENTITY_ONLY],
          forged: ['bare', 'express-session', 'memory', 'secret', ...COOKIES, ...IDENTITY_ONLY],
        },
      },
      ...FEW_AND_MANY.map((connections) => ({
        connections,
        servers: {
          identity: ['bare', 'express-session', 'memory', 'remembered'],
          read: ['bare', ...EXPRESS_STORES],
          write: EXPRESS_STORES,
        } as const,
      })),
    ],
  },

  fastify: {
    title: 'Fastify 5, sessions in its process',
    bare: 'bare-fastify',
    peer: 'fastify-session',
    loads: [
      {
        connections: CONNECTIONS,
        servers: {
          identity: ['bare-fastify', 'fastify-session', 'fastify-memory', 'fastify-remembered'],
          read: ['bare-fastify', 'fastify-session', 'fastify-memory'],
          write: ['fastify-session', 'fastify-memory'],
          login: ['bare-fastify', 'fastify-session', 'fastify-memory'],
        },
      },
    ],
  },

  koa: {
    title: 'Koa 3, sessions in its process',
    bare: 'bare-koa',
    peer: 'koa-session',
    loads: [
      {
        connections: CONNECTIONS,
        servers: {
          identity: ['bare-koa', 'koa-session'],
          read: ['bare-koa', 'koa-session'],
          write: ['koa-session'],
        },
      },
    ],
  },

  fetch: {
    title: 'fetch handlers (Hono 4 on Node), sessions in its process',
    bare: 'bare-fetch',
    peer: 'hono-session',
    loads: [
      {
        connections: CONNECTIONS,
        servers: {
          identity: ['bare-fetch', 'hono-session', 'fetch-memory', 'fetch-remembered'],
          read: ['bare-fetch', 'hono-session', 'fetch-memory'],
          write: ['hono-session', 'fetch-memory'],
          login: ['bare-fetch', 'hono-session', 'fetch-memory'],
        },
      },
    ],
  },

  redis: {
    title: 'Express 5, sessions in Redis',
    bare: 'bare',
    peer: 'express-session-redis',
    needs: 'redis',
    loads: [
      {
        connections: CONNECTIONS,
        servers: {
          read: ['bare', 'express-session-redis', 'drop-in-redis', 'redis', 'redis-remembered'],
          write: ['express-session-redis', 'drop-in-redis', 'redis'],
          login: ['express-session-redis', 'redis'],
        },
      },
      ...FEW_AND_MANY.map((connections) => ({
        connections,
        servers: {
          read: ['express-session-redis', 'redis'],
          write: ['express-session-redis', 'redis'],
        } as const,
      })),
    ],
  },

  postgres: {
    title: 'Express 5, sessions in PostgreSQL',
    bare: 'bare',
    peer: 'express-session-postgres',
    needs: 'postgres',
    loads: [
      {
        connections: CONNECTIONS,
        servers: {
          read: ['bare', 'express-session-postgres', 'postgres'],
          write: ['express-session-postgres', 'postgres'],
          login: ['express-session-postgres', 'postgres'],
        },
      },
      ...FEW_AND_MANY.map((connections) => ({
        connections,
        servers: { read: ['express-session-postgres', 'postgres'] } as const,
      })),
    ],
  },
} satisfies Readonly<Record<string, Group>>

export type GroupName = keyof typeof GROUPS
export const GROUP_NAMES = Object.keys(GROUPS) as GroupName[]

export function groupOf(name: GroupName): Group {
  return GROUPS[name]
}
