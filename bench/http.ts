import { join } from 'node:path'
import { type Action, type ActionPlan, ACTIONS } from './http/actions.ts'
import type { Server } from './http/apps.ts'
import { Child } from './http/child.ts'
import { type GroupName, type Load, groupOf } from './http/groups.ts'
import type { LoadJob, LoadResult } from './http/load-process.ts'
import { type RunningServer, cookiesFor, startServers, usage } from './http/servers.ts'
import type { Places } from './http/stores.ts'
import { STORE_SERVERS, startIfThere } from './stores/servers.ts'

export interface HttpScale {
  /** Which of the loads are measured. */
  readonly connections: readonly number[]
  /**
   * How long each server is loaded before, in ms, divided among all that it is asked: V8 compiles a
   * server of ours anew until it has answered some 30,000 requests.
   */
  readonly warmUp: number
  /** How long each server is loaded at a time, in ms. */
  readonly milliseconds: number
  readonly repetitions: number
  /** How many sessions are logged in and used in turn. */
  readonly sessions: number
  /** How many others SQLite keeps. */
  readonly rows: number
}

/** The figures of each repetition. */
export interface HttpResult {
  readonly group: GroupName
  readonly server: Server
  readonly action: Action
  readonly connections: number
  readonly requestsPerSecond: readonly number[]
  /** In ms. */
  readonly p50: readonly number[]
  /** In ms. */
  readonly p99: readonly number[]
  /** In ms. */
  readonly p999: readonly number[]
  /** CPU time of the server's whole process, in µs per request. */
  readonly cpu: readonly number[]
  /** The share of a CPU that the server had: below 1 it waited, for others on the machine too. */
  readonly busy: readonly number[]
  /** What the server's process holds afterwards (RSS), in bytes. */
  readonly memory: readonly number[]
}

type Run = Omit<LoadResult, 'taken'> & Readonly<Record<'cpu' | 'busy' | 'memory', number>>

interface Cell {
  readonly running: RunningServer
  readonly action: Action
  readonly connections: number
  readonly runs: Run[]
}

/**
 * Measures each server of a group under each load, in turn, again and again.
 *
 * @param folder where files may lie
 * @returns nothing where the group's store is not installed
 */
export async function measureGroup(
  name: GroupName,
  scale: HttpScale,
  folder: string,
  progress: (what: string) => void,
): Promise<HttpResult[]> {
  const group = groupOf(name)
  const store = group.needs && (await startIfThere(STORE_SERVERS[group.needs]))
  if (group.needs !== undefined && store === undefined) return []
  const places = {
    file: join(folder, `${name}.db`),
    rows: scale.rows,
    redisPort: store?.port,
    postgresPort: store?.port,
  }
  const loads = group.loads.filter((load) => scale.connections.includes(load.connections))
  try {
    const cells = await measureCells(loads, places, scale, (what) => progress(`${name}, ${what}`))
    return cells.map((cell) => resultOf(name, cell))
  } finally {
    await store?.stop()
  }
}

async function measureCells(
  loads: readonly Load[],
  places: Places,
  scale: HttpScale,
  progress: (what: string) => void,
): Promise<Cell[]> {
  const load = new Child('load-process.ts')
  let servers: RunningServer[] = []
  try {
    progress('logging in')
    servers = await startServers(serversOf(loads), places, scale.sessions)
    const cells = cellsOf(loads, servers)
    progress('warming up')
    for (const cell of cells) {
      const share = cells.filter(({ running }) => running === cell.running).length
      await measure(cell, load, scale.warmUp / share)
    }
    for (let repetition = 1; repetition <= scale.repetitions; repetition++) {
      progress(`repetition ${repetition}`)
      for (const cell of cells) cell.runs.push(await measure(cell, load, scale.milliseconds))
    }
    return cells
  } finally {
    await Promise.all([load, ...servers.map(({ child }) => child)].map((child) => child.stop()))
  }
}

function serversOf(loads: readonly Load[]): Server[] {
  return [...new Set(loads.flatMap(({ servers }) => Object.values(servers).flat()))]
}

/** In the order of measuring: what is compared with each other is measured one after the other. */
function cellsOf(loads: readonly Load[], servers: readonly RunningServer[]): Cell[] {
  return loads.flatMap(({ connections, servers: asked }) =>
    (Object.entries(asked) as [Action, readonly Server[]][]).flatMap(([action, names]) =>
      names.map((name) => {
        const running = servers.find(({ server }) => server === name)!
        return { running, action, connections, runs: [] }
      }),
    ),
  )
}

async function measure(cell: Cell, load: Child, milliseconds: number): Promise<Run> {
  const { running, action, connections } = cell
  const { cookies: _, asks: __, ...what }: ActionPlan = ACTIONS[action]
  const cookies = cookiesFor(running, action)
  const job: LoadJob = { port: running.port, ...what, cookies, connections, milliseconds }
  await load.ask<'ready'>(job)
  const before = await usage(running)
  const { taken, ...result } = await load.ask<LoadResult>('go')
  const after = await usage(running)
  const used = after.cpu - before.cpu
  const cpu = used / (after.requests - before.requests)
  return { ...result, cpu, busy: used / 1000 / taken, memory: after.memory }
}

function resultOf(group: GroupName, { running, action, connections, runs }: Cell): HttpResult {
  const figures = Object.keys(runs[0]!) as (keyof Run)[]
  const all = Object.fromEntries(
    figures.map((figure) => [figure, runs.map((run) => run[figure])]),
  ) as Record<keyof Run, number[]>
  return { group, server: running.server, action, connections, ...all }
}
