import { type GrowthResult, growthOf } from './growth.ts'
import type { Action, HttpResult } from './http.ts'
import type { Server } from './http/apps.ts'
import { find } from './reports.ts'
import { type Summary, ratio } from './statistics.ts'
import { digits, withSpread } from './table.ts'
import type { TokenResult } from './tokens.ts'
import { CRYPTO_CALL, FAST_JWT, JOSE, JOSE_AT_ONCE, OURS } from './tokens/contestants.ts'
import { ALGORITHMS, type Algorithm } from './tokens/keys.ts'

/** At how many connections requests are compared. */
const CONNECTIONS = 32

/** The most CPU time a new token may cost, as a multiple of the signature's. */
const MOST_OVER_CALL = 1.3

/** How many times as cheap as others a new token must at least be, with HS256. */
const LEAST_OVER_LIBRARIES = { [JOSE]: 10, [JOSE_AT_ONCE]: 10, [FAST_JWT]: 1.5 }

const REQUESTS: readonly RequestBudget[] = [
  { ours: 'remembered', action: 'identity', other: 'bare', least: 0.9 },
  { ours: 'memory', action: 'read', other: 'express-session', least: 1.5 },
  { ours: 'sqlite', action: 'read', other: 'express-session', least: 1.15 },
]

const STORES: readonly RequestBudget[] = [
  { ours: 'redis', action: 'read', other: 'express-session-redis', least: 1.5 },
  { ours: 'redis-remembered', action: 'read', other: 'express-session-redis', least: 2.5 },
  { ours: 'redis-remembered', action: 'read', other: 'bare', least: 0.85 },
  { ours: 'redis', action: 'write', other: 'express-session-redis', least: 1 },
  { ours: 'postgres', action: 'read', other: 'express-session-postgres', least: 1 },
  { ours: 'postgres', action: 'write', other: 'express-session-postgres', least: 1 },
]

/** How many times as long the slowest reads may take with 1,000,000 sessions as with 1,000. */
const MOST_GROWTH = 2

const NOT_MEASURED = [
  'identity with maxStale 10 s, against bare Fastify',
  'memory per session, soak',
  'size and import time (npm run package shows them)',
]

interface RequestBudget {
  readonly ours: Server
  readonly action: Action
  readonly other: Server
  readonly least: number
}

type Row = readonly string[]

/** What must be reached, and what was: the rows of a table. */
export function budgetRows(
  tokens: readonly TokenResult[],
  http: readonly HttpResult[],
  stores: readonly HttpResult[],
  growth: readonly GrowthResult[],
): readonly Row[] {
  return [
    ['budget', 'bound', 'measured', ''],
    ...(tokens.length === 0 ? [] : tokenRows(tokens)),
    ...REQUESTS.flatMap((budget) => requestRows(http, budget)),
    ...STORES.flatMap((budget) => requestRows(stores, budget)),
    ...growthRows(growth),
    ...NOT_MEASURED.map((what) => [what, '', '', 'not measured yet']),
  ]
}

function tokenRows(results: readonly TokenResult[]): Row[] {
  const what = 'token not seen before'
  const overCall = ALGORITHMS.map((algorithm) => {
    const times = ratio(cpu(results, algorithm, OURS), cpu(results, algorithm, CRYPTO_CALL))
    return atMost(`${what}, ${algorithm}: CPU time × ${CRYPTO_CALL}`, MOST_OVER_CALL, times)
  })
  const overLibraries = Object.entries(LEAST_OVER_LIBRARIES).map(([name, least]) => {
    const times = ratio(cpu(results, 'HS256', name), cpu(results, 'HS256', OURS))
    return atLeast(`${what}, HS256: speed × ${name}`, least, times)
  })
  return [...overCall, ...overLibraries]
}

function cpu(
  results: readonly TokenResult[],
  algorithm: Algorithm,
  contestant: string,
): readonly number[] {
  const found = results.find((result) => {
    return (
      result.operation === 'verify' &&
      result.algorithm === algorithm &&
      result.contestant === contestant
    )
  })
  return found!.cpu
}

function requestRows(results: readonly HttpResult[], budget: RequestBudget): Row[] {
  const { action, least } = budget
  const load = { action, connections: CONNECTIONS }
  const [ours, other] = [find(results, budget.ours, load), find(results, budget.other, load)]
  if (ours === undefined || other === undefined) return []
  const what = `${action}, ${budget.ours}: × ${budget.other}, by`
  return [
    atLeast(`${what} requests/s`, least, ratio(ours.requestsPerSecond, other.requestsPerSecond)),
    // As many requests as the CPU time of one of the other's buys.
    atLeast(`${what} CPU time`, least, ratio(other.cpu, ours.cpu)),
  ]
}

function growthRows(results: readonly GrowthResult[]): Row[] {
  const reads = results.filter(({ kind, operation }) => kind === 'SQLite' && operation === 'read')
  if (reads.length === 0) return []
  const [fewest, most] = [reads[0]!, reads.at(-1)!].map(({ size }) => size.toLocaleString('en'))
  const what = `read, SQLite: p99 of ${most} sessions × that of ${fewest}`
  return [atMost(what, MOST_GROWTH, growthOf(reads))]
}

function atLeast(what: string, bound: number, measured: Summary): Row {
  return row(what, `≥ ${digits(bound)}`, measured, measured.median >= bound)
}

function atMost(what: string, bound: number, measured: Summary): Row {
  return row(what, `≤ ${digits(bound)}`, measured, measured.median <= bound)
}

function row(what: string, bound: string, measured: Summary, met: boolean): Row {
  return [what, bound, withSpread(measured), met ? 'met' : 'MISSED']
}
