// Servers of their own for tests: on a free port of the loopback, with their files in a folder of
// their own, ended by the process that was started.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { needs } from './needs.ts'

export interface RunningServer {
  readonly port: number
  /** Ends it at once, as a crash does; its data stay. */
  crash(): Promise<void>
  /** Starts it again after a crash, on the same port. */
  restart(): Promise<void>
  /** Makes it read its configuration again, by the signal that it does so on. */
  reload(signal: NodeJS.Signals): Promise<void>
  /** Ends it; its data are lost. */
  stop(): Promise<void>
}

/** A kind of server, to be started once per test file: in `before`, and stopped in `after`. */
export interface ServerKind {
  /** Options for `describe`: skipped where the server is not installed, and an error in CI. */
  needed(): { skip?: string }
  start(): Promise<RunningServer>
}

interface Recipe {
  readonly name: string
  /** The Debian package. */
  readonly from: string
  readonly program: string
  readonly prepare?: (folder: string) => readonly [program: string, ...values: string[]]
  readonly values: (port: number, folder: string) => readonly string[]
  /** What it prints when it answers. */
  readonly ready: RegExp
  readonly stop: NodeJS.Signals
}

export const LOOPBACK = '127.0.0.1'
const START_MS = 60_000
const RESTARTS = 50
const RESTART_PAUSE_MS = 100
/** Who the servers run as: databases refuse root, and on Debian this is `nobody`. */
export const ordinaryUser: { readonly uid: number; readonly gid: number } =
  userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : userInfo()

export const redis: ServerKind = kind({
  name: 'Redis',
  from: 'redis-server',
  program: 'redis-server',
  values: (port, dir) => ['--port', `${port}`, '--bind', LOOPBACK, '--dir', dir, '--save', ''],
  ready: /Ready to accept connections/,
  stop: 'SIGKILL',
})

export const memcached: ServerKind = kind({
  name: 'memcached',
  from: 'memcached',
  program: 'memcached',
  values: (port) => ['-vv', '-l', LOOPBACK, '-p', `${port}`],
  ready: /server listening/,
  stop: 'SIGKILL',
})

/** Logs in as `postgres` without a password; the database is `postgres`. */
export const postgres: ServerKind = kind({
  name: 'PostgreSQL',
  from: 'postgresql',
  program: 'postgres',
  prepare: (dir) => [
    'initdb',
    '-D',
    join(dir, 'data'),
    '-U',
    'postgres',
    '-E',
    'UTF8',
    '--no-sync',
  ],
  values: (port, dir) => ['-D', join(dir, 'data'), '-k', dir, '-p', `${port}`, '-F'],
  ready: /ready to accept connections/,
  stop: 'SIGQUIT',
})

/** Logs in as `root` without a password; the database is `test`. */
export const mariadb: ServerKind = kind({
  name: 'MariaDB',
  from: 'mariadb-server',
  program: 'mariadbd',
  prepare: (dir) => [
    'mariadb-install-db',
    '--no-defaults',
    `--datadir=${join(dir, 'data')}`,
    '--auth-root-authentication-method=normal',
  ],
  values: (port, dir) => [
    '--no-defaults',
    `--datadir=${join(dir, 'data')}`,
    `--socket=${join(dir, 'socket')}`,
    `--bind-address=${LOOPBACK}`,
    `--port=${port}`,
    // As much as a crash of the server itself can tell; writing to the disk takes longer.
    '--innodb-flush-log-at-trx-commit=2',
  ],
  ready: /ready for connections/,
  stop: 'SIGKILL',
})

export function kind(recipe: Recipe): ServerKind {
  return {
    needed: () =>
      needs(recipe.name, find(recipe.program) !== undefined, `apt-get install ${recipe.from}`),
    start: () => start(recipe),
  }
}

async function start(recipe: Recipe): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-server-'))
  chownSync(folder, ordinaryUser.uid, ordinaryUser.gid)
  const options = { cwd: folder, ...ordinaryUser, env: { ...process.env, LC_ALL: 'C.UTF-8' } }

  if (recipe.prepare) {
    const [program, ...values] = recipe.prepare(folder)
    await promisify(execFile)(find(program)!, values, options)
  }
  const port = await freePort()
  const run = async (): Promise<ChildProcess> => {
    const started = spawn(find(recipe.program)!, recipe.values(port, folder), options)
    await readiness(started, recipe)
    return started
  }
  let child = await run()
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const exit = once(child, 'exit')
    if (child.kill(signal)) await exit
  }
  return {
    port,
    crash: () => end('SIGKILL'),
    async restart() {
      child = await untilItRuns(run)
    },
    reload(signal) {
      const ready = readiness(child, recipe)
      child.kill(signal)
      return ready
    },
    async stop() {
      process.off('exit', kill)
      await end(recipe.stop)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What a crash has left of a server may keep it from starting for a moment. */
async function untilItRuns(run: () => Promise<ChildProcess>): Promise<ChildProcess> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (tries === RESTARTS) throw error
      await sleep(RESTART_PAUSE_MS)
    }
  }
}

/** Listens to what the server prints until it is ready, and lets it print what it wants after. */
function readiness(child: ChildProcess, { name, ready }: Recipe): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const fail = (how: string) => reject(new Error(`${name} ${how}:\n${printed}`))
    const timer = setTimeout(fail, START_MS, 'did not start in time')
    const listen = (chunk: Buffer) => {
      printed = `${printed}${chunk.toString()}`.slice(-4096)
      if (!ready.test(printed)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', () => fail('ended'))
  })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Where a program is; Debian keeps some outside the path. */
function find(program: string): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
  ]
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
