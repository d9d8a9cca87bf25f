import type { HttpResult } from './http.ts'
import type { Server } from './http/apps.ts'
import { type GrowthResult, growthOf } from './growth.ts'
import { median, ratio, summarize } from './statistics.ts'
import { digits, table, withSpread } from './table.ts'
import type { TokenResult } from './tokens.ts'
import { OURS } from './tokens/contestants.ts'
import { ALGORITHMS } from './tokens/keys.ts'

const TITLES = {
  verify:
    'Verifying a token: CPU µs per call, and how many times that of ours for a token not seen',
  sign: 'Signing a token: CPU µs per call, and how many times that of ours',
}

/** A table for each operation: a line for each library, two columns for each algorithm. */
export function tokenTables(results: readonly TokenResult[]): string {
  return (['verify', 'sign'] as const)
    .map((operation) => {
      const mine = results.filter((result) => result.operation === operation)
      return `${TITLES[operation]}\n\n${table([tokenHeader(), ...tokenRows(mine)])}\n`
    })
    .join('\n')
}

function tokenHeader(): string[] {
  return ['', ...ALGORITHMS.flatMap((algorithm) => [algorithm, '× ours'])]
}

function tokenRows(results: readonly TokenResult[]): string[][] {
  const names = new Set(results.map(({ contestant }) => contestant))
  return [...names].map((name) => {
    const cells = ALGORITHMS.flatMap((algorithm) => {
      const all = results.filter((result) => result.algorithm === algorithm)
      const one = all.find(({ contestant }) => contestant === name)
      const ours = all.find(({ contestant }) => contestant === OURS)
      if (one === undefined || ours === undefined) return ['-', '-']
      return [withSpread(summarize(one.cpu)), digits(ratio(one.cpu, ours.cpu).median)]
    })
    return [name, ...cells]
  })
}

const COLUMNS_HTTP = `CPU µs of the server per request, how many times that of
express-session on the same store and of bare Express, requests/s, latency in ms, and the share of
a CPU that the server had`

/**
 * One line for each server under each load, and beside it the ratios to the two others.
 *
 * @param where the sessions are kept
 */
export function httpTable(where: string, results: readonly HttpResult[]): string {
  const rows = results.map((result) => [
    load(result),
    LABELS[result.server],
    withSpread(summarize(result.cpu)),
    cpuRatio(result, find(results, PEERS[result.server] ?? result.server, result)),
    cpuRatio(result, find(results, 'bare', result)),
    withSpread(summarize(result.requestsPerSecond)),
    digits(median(result.p50)),
    digits(median(result.p99)),
    `${(median(result.busy) * 100).toFixed()}%`,
  ])
  return `Requests to Express 5 with sessions ${where}: ${COLUMNS_HTTP}\n\n${table([HTTP_HEADER, ...rows])}\n`
}

const LABELS: Readonly<Record<Server, string>> = {
  bare: 'bare Express',
  'express-session': 'express-session',
  memory: 'ours, memory',
  sqlite: 'ours, SQLite',
  remembered: 'ours, SQLite, maxStale 10 s',
  'express-session-redis': 'express-session, Redis',
  'drop-in-redis': 'drop-in, Redis',
  redis: 'ours, Redis',
  'redis-remembered': 'ours, Redis, maxStale 10 s',
  'express-session-postgres': 'express-session, PostgreSQL',
  postgres: 'ours, PostgreSQL',
}

/** With which store express-session does the same; in the process it is its own MemoryStore. */
const PEERS: Readonly<Partial<Record<Server, Server>>> = {
  bare: 'express-session',
  memory: 'express-session',
  sqlite: 'express-session',
  remembered: 'express-session',
  'drop-in-redis': 'express-session-redis',
  redis: 'express-session-redis',
  'redis-remembered': 'express-session-redis',
  postgres: 'express-session-postgres',
}

const HTTP_HEADER = [
  'action',
  'server',
  'CPU µs',
  '× e-s',
  '× bare',
  'requests/s',
  'p50',
  'p99',
  'busy',
]

function cpuRatio(result: HttpResult, other: HttpResult | undefined): string {
  return other === undefined ? '-' : digits(ratio(result.cpu, other.cpu).median)
}

/** The result of another server with the same action and load. */
export function find(
  results: readonly HttpResult[],
  server: Server,
  { action, connections }: Pick<HttpResult, 'action' | 'connections'>,
): HttpResult | undefined {
  // To the bare server a write is a read.
  const asked = server === 'bare' && action === 'write' ? 'read' : action
  return results.find((it) => {
    return it.server === server && it.action === asked && it.connections === connections
  })
}

/** What becomes of an app with connect-redis that changes its import; empty without Redis. */
export function dropInTable(results: readonly HttpResult[]): string {
  const rows = results.flatMap((ours) => {
    const theirs = find(results, 'express-session-redis', ours)
    if (ours.server !== 'drop-in-redis' || theirs === undefined) return []
    const figures = ['cpu', 'requestsPerSecond', 'p50', 'p99'] as const
    const times = figures.map((figure) => withSpread(ratio(ours[figure], theirs[figure])))
    return [[load(ours), ...times]]
  })
  if (rows.length === 0) return ''
  return `symbolon/express-session as a multiple of express-session, both with connect-redis

${table([['action', 'CPU', 'requests/s', 'p50', 'p99'], ...rows])}
`
}

function load({ action, connections }: HttpResult): string {
  return `${action}, ${connections} connection${connections === 1 ? '' : 's'}`
}

const TITLE_GROWTH = `One call after the other on a store with so many sessions: µs at p50 and p99, and how many times as
long the p99 takes with the most of them as with the fewest`

/** A line for each store and operation, a column for each number of sessions. */
export function growthTable(results: readonly GrowthResult[]): string {
  const sizes = [...new Set(results.map(({ size }) => size))]
  const rows = Map.groupBy(results, ({ kind, operation }) => `${kind}, ${operation}`)
  const lines = [...rows].map(([name, row]) => [
    name,
    ...sizes.map((size) => percentiles(row.find((result) => result.size === size))),
    withSpread(growthOf(row)),
  ])
  const header = ['', ...sizes.map((size) => size.toLocaleString('en')), 'p99 ×']
  return `${TITLE_GROWTH}\n\n${table([header, ...lines])}\n`
}

function percentiles(result: GrowthResult | undefined): string {
  if (result === undefined) return '-'
  return `${digits(median(result.p50))} / ${digits(median(result.p99))}`
}
