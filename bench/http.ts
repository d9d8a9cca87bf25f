import { join } from 'node:path'
import {
  IN_PROCESS,
  ON_POSTGRES,
  ON_REDIS,
  type Places,
  REMEMBERING,
  type Server,
} from './http/apps.ts'
import { Child } from './http/child.ts'
import type { LoadJob, LoadResult } from './http/load-process.ts'
import { type RunningServer, startServers, usage } from './http/servers.ts'
import { STORE_SERVERS, startIfThere } from './stores/servers.ts'

export const ACTIONS = ['anonymous', 'identity', 'read', 'write'] as const
export type Action = (typeof ACTIONS)[number]

export interface HttpScale {
  readonly connections: readonly number[]
  /** How long each server is loaded at a time. */
  readonly milliseconds: number
  readonly repetitions: number
  /** How many sessions are logged in and used in turn. */
  readonly sessions: number
  /** How many others SQLite keeps. */
  readonly rows: number
}

/** The figures of each repetition. */
export interface HttpResult {
  readonly server: Server
  readonly action: Action
  readonly connections: number
  readonly requestsPerSecond: readonly number[]
  /** In ms. */
  readonly p50: readonly number[]
  /** In ms. */
  readonly p99: readonly number[]
  /** CPU time of the server's whole process, in µs per request. */
  readonly cpu: readonly number[]
  /** The share of a CPU that the server had: below 1 it waited, for others on the machine too. */
  readonly busy: readonly number[]
}

type Run = LoadResult & { readonly cpu: number; readonly busy: number }

interface Cell {
  readonly running: RunningServer
  readonly action: Action
  readonly connections: number
  readonly runs: Run[]
}

/** Sessions kept in the process or its file, against express-session with its MemoryStore. */
export function measureHttp(
  scale: HttpScale,
  folder: string,
  progress: (what: string) => void,
): Promise<HttpResult[]> {
  const places = { file: join(folder, 'sessions.db'), rows: scale.rows }
  return measureServers(IN_PROCESS, ACTIONS, places, scale, progress)
}

/** Sessions kept in Redis and PostgreSQL, against express-session with the same; those that are there. */
export async function measureStores(
  scale: HttpScale,
  progress: (what: string) => void,
): Promise<HttpResult[]> {
  const redis = await startIfThere(STORE_SERVERS.redis)
  const postgres = await startIfThere(STORE_SERVERS.postgres)
  const servers = [...(redis ? ON_REDIS : []), ...(postgres ? ON_POSTGRES : [])]
  if (servers.length === 0) return []
  const places = { redisPort: redis?.port, postgresPort: postgres?.port }
  try {
    return await measureServers(['bare', ...servers], ['read', 'write'], places, scale, progress)
  } finally {
    await redis?.stop()
    await postgres?.stop()
  }
}

async function measureServers(
  names: readonly Server[],
  actions: readonly Action[],
  places: Places,
  scale: HttpScale,
  progress: (what: string) => void,
): Promise<HttpResult[]> {
  const load = new Child('load-process.ts')
  let servers: RunningServer[] = []
  try {
    progress('logging in')
    servers = await startServers(names, places, scale.sessions)
    const cells = cellsOf(servers, actions, scale.connections)
    for (let repetition = 0; repetition <= scale.repetitions; repetition++) {
      progress(repetition === 0 ? 'warming up' : `repetition ${repetition}`)
      for (const cell of cells) cell.runs.push(await measure(cell, load, scale.milliseconds))
    }
    return cells.map(resultOf)
  } finally {
    await Promise.all([load, ...servers.map(({ child }) => child)].map((child) => child.stop()))
  }
}

/** In the order of measuring: what is compared with each other is measured one after the other. */
function cellsOf(
  servers: readonly RunningServer[],
  actions: readonly Action[],
  counts: readonly number[],
): Cell[] {
  return counts.flatMap((connections) =>
    actions.flatMap((action) => {
      const able = servers.filter(({ server }) => isAsked(server, action))
      return able.map((running) => ({ running, action, connections, runs: [] }))
    }),
  )
}

function isAsked(server: Server, action: Action): boolean {
  // Without sessions there is nothing to write.
  if (server === 'bare') return action !== 'write'
  // A process remembers its own reads until it writes.
  return !REMEMBERING.includes(server) || action === 'identity' || action === 'read'
}

async function measure(
  { running, action, connections }: Cell,
  load: Child,
  milliseconds: number,
): Promise<Run> {
  const anonymous = action === 'anonymous'
  const path = anonymous ? '/identity' : `/${action}`
  const cookies = anonymous ? [] : running.cookies
  const job: LoadJob = { port: running.port, path, cookies, connections, milliseconds }
  await load.ask<'ready'>(job)
  const before = await usage(running)
  const result = await load.ask<LoadResult>('go')
  const after = await usage(running)
  const used = after.cpu - before.cpu
  const cpu = used / (after.requests - before.requests)
  return { ...result, cpu, busy: used / 1000 / result.taken }
}

function resultOf({ running: { server }, action, connections, runs }: Cell): HttpResult {
  // The first only warmed up.
  const [, ...counted] = runs
  return {
    server,
    action,
    connections,
    requestsPerSecond: counted.map((run) => run.requestsPerSecond),
    p50: counted.map((run) => run.p50),
    p99: counted.map((run) => run.p99),
    cpu: counted.map((run) => run.cpu),
    busy: counted.map((run) => run.busy),
  }
}
