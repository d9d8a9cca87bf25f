import { existsSync, readFileSync } from 'node:fs'
import { postgresPool, redisClient } from '../stores/clients.ts'

/** What the server of a store has used since it began. */
export interface StoreUsage {
  /** In µs, of all its processes. */
  readonly cpu: number
  /** Commands of Redis, those within scripts too; nothing is counted of PostgreSQL. */
  readonly calls: number
}

/** Asks a server what it has used. */
export interface StoreMeter {
  read(): Promise<StoreUsage>
  close(): unknown
}

const US_PER_SECOND = 1e6
/** Of the kernel, in which /proc tells times. */
const US_PER_TICK = 10_000

export async function meterRedis(port: number): Promise<StoreMeter> {
  const client = await redisClient(port)
  return {
    async read() {
      const text = await client.info()
      const figure = (name: string): number =>
        Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1])
      const cpu = (figure('used_cpu_user') + figure('used_cpu_sys')) * US_PER_SECOND
      return { cpu, calls: figure('total_commands_processed') }
    },
    close: () => client.destroy(),
  }
}

/** By the times of its processes: what one that has ended did since it was last looked at is lost. */
export async function meterPostgres(port: number): Promise<StoreMeter> {
  const pool = postgresPool(port)
  let times = new Map<number, number>()
  let cpu = 0
  return {
    async read() {
      const answer = await pool.query('SELECT pid FROM pg_stat_activity')
      const { rows } = answer as { rows: readonly { pid: number }[] }
      const now = new Map(rows.map(({ pid }) => [pid, cpuTimeOf(pid) ?? times.get(pid) ?? 0]))
      for (const [pid, time] of now) cpu += time - (times.get(pid) ?? 0)
      times = now
      return { cpu, calls: 0 }
    },
    close: () => pool.end(),
  }
}

/** @returns undefined where it has ended */
function cpuTimeOf(pid: number): number | undefined {
  const path = `/proc/${pid}/stat`
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, 'utf8')
  // Behind the name, which may hold spaces, utime and stime are the 12th and 13th field.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK
}
