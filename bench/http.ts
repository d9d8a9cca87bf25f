import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { redis } from '../test/support/servers.ts'
import type { Server } from './http/apps.ts'
import { Child } from './http/child.ts'
import type { LoadJob, LoadResult } from './http/load-process.ts'
import { type RunningServer, isWithRedis, startServers, usage } from './http/servers.ts'

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

const RESULTS = fileURLToPath(new URL('results', import.meta.url))

/** Loads every server with every action over so many connections each, from another process. */
export async function measureHttp(
  scale: HttpScale,
  progress: (what: string) => void,
): Promise<HttpResult[]> {
  const redisServer = redisIsMissing() === undefined ? await redis.start() : undefined
  // Beside the results and not in the system's folder for temporary files, which may be memory.
  mkdirSync(RESULTS, { recursive: true })
  const folder = mkdtempSync(join(RESULTS, 'sqlite-'))
  const load = new Child('load-process.ts')
  const places = {
    file: join(folder, 'sessions.db'),
    rows: scale.rows,
    redisPort: redisServer?.port,
  }
  let servers: RunningServer[] = []
  try {
    progress('logging in')
    servers = await startServers(places, scale.sessions)
    const cells = cellsOf(servers, scale.connections)
    for (let repetition = 0; repetition <= scale.repetitions; repetition++) {
      progress(repetition === 0 ? 'warming up' : `repetition ${repetition}`)
      for (const cell of cells) cell.runs.push(await measure(cell, load, scale.milliseconds))
    }
    return cells.map(resultOf)
  } finally {
    await Promise.all([load, ...servers.map(({ child }) => child)].map((child) => child.stop()))
    await redisServer?.stop()
    rmSync(folder, { recursive: true })
  }
}

/** Says so and how to get it; undefined where it is there. */
export function redisIsMissing(): string | undefined {
  return redis.needed().skip
}

/** In the order of measuring: what is compared with each other is measured one after the other. */
function cellsOf(servers: readonly RunningServer[], counts: readonly number[]): Cell[] {
  const cells = counts.flatMap((connections) =>
    ACTIONS.flatMap((action) =>
      servers.map((running) => ({ running, action, connections, runs: [] })),
    ),
  )
  return cells.filter(({ running: { server }, action }) => {
    const needsNoData = action === 'anonymous' || action === 'identity'
    // A process remembers its own reads until it writes.
    if (server === 'remembered') return action === 'identity' || action === 'read'
    // To the bare server everything that comes with a cookie is the same.
    if (server === 'bare') return needsNoData
    return !isWithRedis(server) || !needsNoData
  })
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
