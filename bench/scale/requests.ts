import { generateKey } from '../../src/cli/keygen.ts'
import { type Action, ACTIONS } from '../http/actions.ts'
import { Child } from '../http/child.ts'
import type { LoadJob, LoadResult } from '../http/load-process.ts'
import type { Usage } from '../http/server-process.ts'
import { STORE_SERVERS, startIfThere } from '../stores/servers.ts'
import type { Site } from './cluster-process.ts'
import { type StoreMeter, meterPostgres, meterRedis } from './store-usage.ts'

export interface RequestsScale {
  readonly milliseconds: number
  readonly repetitions: number
  readonly sessions: number
}

/** What a request of one kind costs, in each repetition. */
export interface RequestCost {
  readonly store: Site['store']
  readonly workers: number
  /** In ms. */
  readonly maxStale: number
  readonly action: Action
  /** CPU time of all processes of the app, in µs per request. */
  readonly cpu: readonly number[]
  /** CPU time of the store's server, in µs per request. */
  readonly storeCpu: readonly number[]
  /** Commands of Redis, those within scripts too, per request. */
  readonly calls: readonly number[]
  readonly requestsPerSecond: readonly number[]
}

interface Cell {
  readonly site: Omit<Site, 'keys'>
  readonly child: Child
  readonly port: number
  readonly cookies: readonly string[]
  readonly meter: StoreMeter
  readonly action: Action
  readonly runs: Run[]
}

interface Run {
  readonly cpu: number
  readonly storeCpu: number
  readonly calls: number
  readonly requestsPerSecond: number
}

const CONNECTIONS = 32
const NO_METER: StoreMeter = {
  read: () => Promise.resolve({ cpu: 0, calls: 0 }),
  close: () => undefined,
}

type Variant = readonly [
  store: Site['store'],
  workers: number,
  maxStale: number,
  actions: readonly Action[],
]

const VARIANTS: readonly Variant[] = [
  ['bare', 1, 0, ['identity']],
  ['bare', 2, 0, ['identity']],
  ['redis', 1, 0, ['anonymous', 'read', 'write', 'login']],
  ['redis', 2, 0, ['read', 'write', 'login']],
  ['redis', 1, 10_000, ['read']],
  ['redis', 2, 10_000, ['read']],
  ['postgres', 1, 0, ['read', 'write', 'login']],
  ['postgres', 2, 0, ['read', 'write', 'login']],
]

/** One process and two of an app on one store, each with each kind of request, in turn. */
export async function measureRequests(
  scale: RequestsScale,
  progress: (what: string) => void,
): Promise<RequestCost[]> {
  const redis = await startIfThere(STORE_SERVERS.redis)
  const postgres = await startIfThere(STORE_SERVERS.postgres)
  const load = new Child('load-process.ts')
  const meters = {
    bare: NO_METER,
    redis: redis && (await meterRedis(redis.port)),
    postgres: postgres && (await meterPostgres(postgres.port)),
  }
  const places = { redisPort: redis?.port, postgresPort: postgres?.port }
  const keys = generateKey()
  const cells: Cell[] = []
  try {
    for (const [store, workers, maxStale, actions] of VARIANTS) {
      const meter = meters[store]
      if (meter === undefined) continue
      const site = { store, workers, maxStale, places }
      const argument = JSON.stringify({ ...site, keys } satisfies Site)
      const child = new Child('../scale/cluster-process.ts', [argument])
      const port = await child.hear<number>()
      const cookies = store === 'bare' ? [] : await logIn(port, scale.sessions)
      cells.push(
        ...actions.map((action) => ({ site, child, port, cookies, meter, action, runs: [] })),
      )
    }
    for (let repetition = 0; repetition <= scale.repetitions; repetition++) {
      progress(repetition === 0 ? 'warming up' : `repetition ${repetition}`)
      for (const cell of cells) cell.runs.push(await measure(cell, load, scale.milliseconds))
    }
    return cells.map(costOf)
  } finally {
    for (const child of new Set(cells.map((cell) => cell.child))) await child.stop()
    await load.stop()
    for (const meter of Object.values(meters)) await meter?.close()
    await redis?.stop()
    await postgres?.stop()
  }
}

async function logIn(port: number, sessions: number): Promise<string[]> {
  const cookies: string[] = []
  for (let session = 0; session < sessions; session++) {
    const { headers } = await fetch(`http://127.0.0.1:${port}/login`, { method: 'POST' })
    cookies.push(...headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]!))
  }
  return cookies
}

async function measure(cell: Cell, load: Child, milliseconds: number): Promise<Run> {
  const { child, port, action, meter } = cell
  const { cookies: which, asks: _, ...what } = ACTIONS[action]
  const cookies = which === 'own' ? cell.cookies : []
  const job: LoadJob = { port, ...what, cookies, connections: CONNECTIONS, milliseconds }
  await load.ask<'ready'>(job)
  const [before, storeBefore] = [await child.ask<Usage>('usage'), await meter.read()]
  const { requestsPerSecond } = await load.ask<LoadResult>('go')
  const [after, storeAfter] = [await child.ask<Usage>('usage'), await meter.read()]
  const requests = after.requests - before.requests
  return {
    cpu: (after.cpu - before.cpu) / requests,
    storeCpu: (storeAfter.cpu - storeBefore.cpu) / requests,
    calls: (storeAfter.calls - storeBefore.calls) / requests,
    requestsPerSecond,
  }
}

function costOf({ site: { store, workers, maxStale }, action, runs }: Cell): RequestCost {
  // The first only warmed up.
  const [, ...counted] = runs
  return {
    store,
    workers,
    maxStale,
    action,
    cpu: counted.map((run) => run.cpu),
    storeCpu: counted.map((run) => run.storeCpu),
    calls: counted.map((run) => run.calls),
    requestsPerSecond: counted.map((run) => run.requestsPerSecond),
  }
}
