import type { HttpResult } from './http.ts'
import type { Server } from './http/apps.ts'
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

/** One line for each server under each load, and beside it the ratios to the two others. */
export function httpTable(results: readonly HttpResult[]): string {
  const rows = results.map((result) => [
    load(result),
    LABELS[result.server],
    withSpread(summarize(result.cpu)),
    cpuRatio(result, results, 'express-session'),
    cpuRatio(result, results, 'bare'),
    withSpread(summarize(result.requestsPerSecond)),
    digits(median(result.p50)),
    digits(median(result.p99)),
    `${(median(result.busy) * 100).toFixed()}%`,
  ])
  return `Requests to Express 5: CPU µs of the server per request, how many times that of express-session
and of bare Express, requests/s, latency in ms, and the share of a CPU that the server had

${table([HTTP_HEADER, ...rows])}
`
}

const LABELS: Readonly<Record<Server, string>> = {
  bare: 'bare Express',
  'express-session': 'express-session',
  memory: 'ours, memory',
  sqlite: 'ours, SQLite',
  remembered: 'ours, SQLite, maxStale 10 s',
  'express-session-redis': 'express-session, Redis',
  'drop-in-redis': 'drop-in, Redis',
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

function cpuRatio(
  result: HttpResult,
  results: readonly HttpResult[],
  server: 'bare' | 'express-session',
): string {
  // Whatever is done with the session, the bare server answers the same.
  const action = server === 'bare' && result.action !== 'anonymous' ? 'identity' : result.action
  const other = results.find((it) => {
    return it.server === server && it.action === action && it.connections === result.connections
  })
  return other === undefined ? '-' : digits(ratio(result.cpu, other.cpu).median)
}

/** What becomes of an app with connect-redis that changes its import; empty without Redis. */
export function dropInTable(results: readonly HttpResult[]): string {
  const of = (name: Server): HttpResult[] => results.filter(({ server }) => server === name)
  // Both were measured with the same actions and connections, in the same order.
  const theirs = of('express-session-redis')
  const rows = of('drop-in-redis').map((ours, index) => {
    const figures = ['cpu', 'requestsPerSecond', 'p50', 'p99'] as const
    const times = figures.map((figure) => withSpread(ratio(ours[figure], theirs[index]![figure])))
    return [load(ours), ...times]
  })
  if (rows.length === 0) return ''
  return `symbolon/express-session as a multiple of express-session, both with connect-redis

${table([['action', 'CPU', 'requests/s', 'p50', 'p99'], ...rows])}
`
}

function load({ action, connections }: HttpResult): string {
  return `${action}, ${connections} connection${connections === 1 ? '' : 's'}`
}
