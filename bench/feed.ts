import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from './feed/client.ts'
import { type ListenerName, type Site, knows, logIn, startSite } from './feed/site.ts'
import { KINDS, type Kind, type Place } from './feed/stores.ts'
import { quantile } from './statistics.ts'
import { STORE_SERVERS, startIfThere } from './stores/servers.ts'
import { table } from './table.ts'

export interface FeedScale {
  readonly logouts: number
  /** How many sessions log out at once. */
  readonly atOnce: number
  /** Connections to each process that others use meanwhile. */
  readonly connections: number
}

/** From sending each logout to the first refusal by who listens, in ms. */
export interface FeedResult {
  readonly kind: Kind
  /** Whether the store tells of changes. */
  readonly tells: boolean
  readonly listener: ListenerName
  readonly delays: readonly number[]
}

/** So often it is asked whether the session is refused yet. */
const LOOK_EVERY_MS = 5
/** Between two requests of a connection that loads the processes. */
const PAUSE_MS = 10
/** A logout comes at any moment of the time between two fetches of the list. */
const MOST_PAUSE_MS = 400

/**
 * Logs out at one process of an app, and looks when others refuse the cookie, while requests are made
 * to all of them.
 *
 * @param folder where files may lie
 */
export async function measureFeed(
  scale: FeedScale,
  folder: string,
  progress: (what: string) => void,
): Promise<FeedResult[]> {
  const results: FeedResult[] = []
  for (const kind of KINDS) {
    const server = await startServer(kind)
    if (server === undefined) continue
    try {
      // In one process there is nobody to tell.
      for (const tells of kind === 'memory' ? [false] : [true, false]) {
        progress(`${kind}, ${tells ? 'with' : 'without'} notifications`)
        const file = join(folder, `feed-${tells}.db`)
        results.push(...(await measureStore({ kind, file, port: server.port, tells }, scale)))
      }
    } finally {
      await server.stop()
    }
  }
  return results
}

const NO_SERVER = { port: 0, stop: (): Promise<void> => Promise.resolve() }

function startServer(kind: Kind): Promise<typeof NO_SERVER | undefined> {
  if (kind === 'PostgreSQL') return startIfThere(STORE_SERVERS.postgres)
  if (kind === 'Redis') return startIfThere(STORE_SERVERS.redis)
  return Promise.resolve(NO_SERVER)
}

async function measureStore(place: Place, scale: FeedScale): Promise<FeedResult[]> {
  const site = await startSite(place)
  const load = new AbortController()
  const delays: number[][] = []
  let users = 0
  const logOutInTurn = async (): Promise<void> => {
    while (users < scale.logouts) delays.push(await logOut(site, `user${users++}`))
  }
  try {
    const loggingOut = Promise.all(Array.from({ length: scale.atOnce }, logOutInTurn))
    await Promise.all([
      loggingOut.finally(() => load.abort()),
      loadAll(site, scale.connections, load.signal),
    ])
  } finally {
    for (const child of site.children) await child.stop()
  }
  const { kind, tells } = place
  return site.listeners.map(({ name }, index) => {
    return { kind, tells, listener: name, delays: delays.map((each) => each[index]!) }
  })
}

/** In ms, for each that listens. */
async function logOut(site: Site, user: string): Promise<number[]> {
  const cookie = await logIn(site, user)
  for (const { port } of site.listeners) assert(await knows(port, cookie))
  await sleep(Math.random() * MOST_PAUSE_MS)
  const start = performance.now()
  const refusals = site.listeners.map(async ({ port }) => {
    while (await knows(port, cookie)) await sleep(LOOK_EVERY_MS)
    return performance.now() - start
  })
  const { status } = await ask(site.app, 'POST', '/logout', cookie)
  assert.equal(status, 204)
  return Promise.all(refusals)
}

/** What others do meanwhile: requests with a session, one after the other on each connection. */
async function loadAll(site: Site, connections: number, signal: AbortSignal): Promise<void> {
  const cookie = await logIn(site, 'load')
  const loadOne = async (port: number): Promise<void> => {
    while (!signal.aborted) {
      assert(await knows(port, cookie))
      await sleep(PAUSE_MS)
    }
  }
  const all = site.ports.flatMap((port) => Array<number>(connections).fill(port))
  await Promise.all(all.map(loadOne))
}

/** A line for each store and each that listens. */
export function feedTable(results: readonly FeedResult[]): string {
  const rows = results.map(({ kind, tells, listener, delays }) => {
    const sorted = Float64Array.from(delays).toSorted()
    const times = [0.5, 0.99, 1].map((share) => quantile(sorted, share).toFixed())
    return [kind, listener, tells ? 'yes' : 'no', `${delays.length}`, ...times]
  })
  const header = ['store', 'who refuses', 'notifications', 'logouts', 'median', 'p99', 'maximum']
  return `From a logout in one process to its refusal by others, in ms\n\n${table([header, ...rows])}\n`
}
