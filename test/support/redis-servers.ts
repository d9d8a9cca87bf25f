// Redis servers that work together: a Cluster, and a master with a replica that Sentinel watches.
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from 'redis'
import { until } from './redis-stores.ts'
import { freePort, kind, LOOPBACK, redis, type RunningServer } from './servers.ts'

const SLOTS = 16_384
const MASTERS = 3
const READY = /Ready to accept connections/

export interface RedisCluster {
  readonly masters: readonly RunningServer[]
  /** Of the first master. */
  readonly replica: RunningServer
  stop(): Promise<void>
}

export interface RedisWithSentinel {
  readonly master: RunningServer
  readonly replica: RunningServer
  readonly sentinel: RunningServer
  stop(): Promise<void>
}

/** Named `main` by Sentinel. */
export const SENTINEL_NAME = 'main'

/** Three masters, the first of which has a replica; slots whose master is gone take no others down. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: MASTERS + 1 }, startClusterNode))
  const [first] = nodes
  for (const [n, { port }] of nodes.entries()) {
    if (n < MASTERS) await command(port, 'CLUSTER', 'ADDSLOTSRANGE', ...slotsOf(n))
    await command(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1))
    if (n > 0)
      await command(port, 'CLUSTER', 'MEET', LOOPBACK, String(first!.port), String(first!.bus))
  }
  const replica = nodes.at(-1)!
  for (const { port } of nodes) await untilInfo(port, /cluster_known_nodes:4/)
  await command(replica.port, 'CLUSTER', 'REPLICATE', await command(first!.port, 'CLUSTER', 'MYID'))
  for (const { port } of nodes) await untilInfo(port, /cluster_state:ok/)
  await untilSays(replica.port, ['INFO', 'replication'], /master_link_status:up/)
  return { masters: nodes.slice(0, MASTERS), replica, stop: () => stopAll(nodes) }
}

/** A replica takes over half a second after its master fell silent. */
export async function startWithSentinel(): Promise<RedisWithSentinel> {
  const master = await redis.start()
  const replica = await redis.start()
  await command(master.port, 'CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  await command(replica.port, 'REPLICAOF', LOOPBACK, String(master.port))
  await untilSays(replica.port, ['INFO', 'replication'], /master_link_status:up/)
  const sentinel = await startSentinel(master.port)
  await untilSays(sentinel.port, ['SENTINEL', 'MASTER', SENTINEL_NAME], /"num-slaves","1"/)
  return { master, replica, sentinel, stop: () => stopAll([sentinel, replica, master]) }
}

/** What a server says to one command, on a connection of its own. */
export async function command(port: number, ...words: string[]): Promise<string> {
  const client = createClient({ socket: { host: LOOPBACK, port, reconnectStrategy: false } })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const reply = await client.sendCommand(words)
    return typeof reply === 'string' ? reply : JSON.stringify(reply)
  } finally {
    if (client.isOpen) client.destroy()
  }
}

async function startClusterNode(): Promise<RunningServer & { readonly bus: number }> {
  const bus = await freePort()
  const server = await kind({
    name: 'Redis',
    from: 'redis-server',
    program: 'redis-server',
    values: (port, dir) =>
      [
        ['--port', `${port}`, '--bind', LOOPBACK, '--dir', dir, '--save', ''],
        ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`],
        ['--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no'],
        ['--repl-diskless-sync-delay', '0'],
      ].flat(),
    ready: READY,
    stop: 'SIGKILL',
  }).start()
  return { ...server, bus }
}

function startSentinel(masterPort: number): Promise<RunningServer> {
  return kind({
    name: 'Redis Sentinel',
    from: 'redis-server',
    program: 'redis-server',
    values: (port, dir) => {
      const file = join(dir, 'sentinel.conf')
      const lines = [
        `port ${port}`,
        `bind ${LOOPBACK}`,
        `dir ${dir}`,
        `sentinel monitor ${SENTINEL_NAME} ${LOOPBACK} ${masterPort} 1`,
        `sentinel down-after-milliseconds ${SENTINEL_NAME} 500`,
        `sentinel failover-timeout ${SENTINEL_NAME} 2000`,
      ]
      writeFileSync(file, `${lines.join('\n')}\n`)
      // It keeps its state in the file, and runs as another user.
      chmodSync(file, 0o666)
      return [file, '--sentinel']
    },
    ready: /\+monitor master/,
    stop: 'SIGKILL',
  }).start()
}

function slotsOf(master: number): [first: string, last: string] {
  const share = Math.ceil(SLOTS / MASTERS)
  return [String(master * share), String(Math.min((master + 1) * share, SLOTS) - 1)]
}

function untilInfo(port: number, form: RegExp): Promise<void> {
  return untilSays(port, ['CLUSTER', 'INFO'], form)
}

/** Asks until the answer has the form; one that changes its role closes its connections meanwhile. */
export function untilSays(port: number, words: string[], form: RegExp): Promise<void> {
  return until(async () => form.test(await command(port, ...words).catch(() => '')))
}

async function stopAll(servers: readonly RunningServer[]): Promise<void> {
  for (const server of servers) await server.stop()
}
