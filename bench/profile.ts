// Shows what each step of a request takes and allocates: `npm run profile`, in two minutes.
// `--server` and `--action` take one of those of the benchmark; `--images` writes flame graphs there.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Child } from './http/child.ts'
import type { Server } from './http/apps.ts'
import type { LoadJob, LoadResult } from './http/load-process.ts'
import { type RunningServer, startServers, usage } from './http/servers.ts'
import { type Call, totalOf } from './profile/calls.ts'
import { flameGraph } from './profile/flame-graph.ts'
import { STEPS, type Step, sharesOf } from './profile/steps.ts'
import { digits, table } from './table.ts'

const SCENARIOS = [
  ['bare', 'identity'],
  ['remembered', 'identity'],
  ['memory', 'read'],
  ['sqlite', 'read'],
  ['memory', 'write'],
  ['express-session', 'read'],
] as const
const SESSIONS = 256
const ROWS = 100_000
const CONNECTIONS = 32
const MILLISECONDS = 2000
/** On a busy machine it takes V8 so long to compile what a request does. */
const WARM_UP_ROUNDS = 5

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    action: { type: 'string' },
    images: { type: 'string' },
  },
})
const wanted = SCENARIOS.filter(([server, action]) => {
  return server === (values.server ?? server) && action === (values.action ?? action)
})
if (wanted.length === 0) {
  throw new Error(`--server and --action take: ${SCENARIOS.map((it) => it.join(' ')).join(', ')}`)
}

const folder = mkdtempSync(join(tmpdir(), 'symbolon-profile-'))
try {
  for (const [server, action] of wanted) await profile(server, action)
} finally {
  rmSync(folder, { recursive: true })
}

async function profile(server: Server, action: string): Promise<void> {
  const places = { file: join(folder, 'sessions.db'), rows: ROWS }
  // The last one's cookies are the bare server's, too.
  const names = server === 'bare' ? ([server, 'memory'] as const) : [server]
  const load = new Child('load-process.ts')
  const servers = await startServers(names, places, SESSIONS, '../profile/server-process.ts')
  const [running] = servers as [RunningServer]
  try {
    for (let round = 0; round < WARM_UP_ROUNDS; round++) await requests(running, load, action)
    const { cpu } = await requests(running, load, action)
    const times = await asked(running, 'Times', () => requests(running, load, action))
    const allocations = await asked(running, 'Allocations', () => requests(running, load, action))
    const bytes = totalOf(allocations.call) / allocations.count
    print(`${server}, ${action}`, times.call, cpu, allocations.call, bytes)
    draw(`${server}-${action}`, times.call, cpu)
  } finally {
    await Promise.all([load, ...servers.map(({ child }) => child)].map((child) => child.stop()))
  }
}

/** @returns how many were answered, and the CPU time of each in µs */
async function requests(
  running: RunningServer,
  load: Child,
  action: string,
): Promise<{ count: number; cpu: number }> {
  const { port, cookies } = running
  const what = { path: `/${action}`, cookies, connections: CONNECTIONS }
  await load.ask<'ready'>({ port, ...what, milliseconds: MILLISECONDS } satisfies LoadJob)
  const before = await usage(running)
  await load.ask<LoadResult>('go')
  const after = await usage(running)
  const count = after.requests - before.requests
  return { count, cpu: (after.cpu - before.cpu) / count }
}

async function asked(
  { child }: RunningServer,
  what: 'Times' | 'Allocations',
  run: () => Promise<{ count: number }>,
): Promise<{ call: Call; count: number }> {
  await child.ask(`begin${what}`)
  const { count } = await run()
  return { call: await child.ask<Call>(`end${what}`), count }
}

/** The shares are those of the profile, the sums those without it, since looking takes time too. */
function print(title: string, times: Call, cpu: number, allocations: Call, bytes: number): void {
  const time = scaled(times, cpu)
  const memory = scaled(allocations, bytes)
  const steps = STEPS.filter((step) => time(step) + memory(step) > 0)
  const rows = steps.map((step) => [step, digits(time(step)), Math.round(memory(step)).toString()])
  const sum = ['together', digits(cpu), Math.round(bytes).toString()]
  console.log(`${table([[title, 'µs a request', 'bytes a request'], ...rows, sum])}\n`)
}

function scaled(root: Call, total: number): (step: Step) => number {
  const shares = sharesOf(root)
  const all = totalOf(root)
  return (step) => ((shares.get(step) ?? 0) / all) * total
}

function draw(name: string, times: Call, cpu: number): void {
  if (values.images === undefined) return
  mkdirSync(values.images, { recursive: true })
  const title = `${name.replace(/-(?=[a-z]+$)/, ', ')}: ${digits(cpu)} µs of CPU time a request`
  writeFileSync(join(values.images, `profile-${name}.svg`), flameGraph(title, times, cpu, 'µs'))
}
