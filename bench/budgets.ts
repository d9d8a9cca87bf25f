import { growthOf } from './growth.ts'
import type { HttpResult } from './http.ts'
import type { Action } from './http/actions.ts'
import { type Server, appOf } from './http/apps.ts'
import { CONNECTIONS, type GroupName } from './http/groups.ts'
import type { Report } from './report.ts'
import { find } from './reports/http.ts'
import type { Results } from './results.ts'
import { type Summary, ratio, summarize } from './statistics.ts'
import { digits, withSpread } from './table.ts'
import type { TokenResult } from './tokens.ts'
import { CRYPTO_CALL, FAST_JWT, JOSE, JOSE_AT_ONCE, OURS } from './tokens/contestants.ts'
import { ALGORITHMS, type Algorithm } from './tokens/keys.ts'

/** The most CPU time a new token may cost, as a multiple of the signature's. */
const MOST_OVER_CALL = 1.3

/** How many times as cheap as others a new token must at least be, with HS256. */
const LEAST_OVER_LIBRARIES = { [JOSE]: 10, [JOSE_AT_ONCE]: 10, [FAST_JWT]: 1.5 }

const REQUESTS: readonly RequestBudget[] = [
  ['express', 'identity', 'remembered', 'bare', 0.9],
  ['fastify', 'identity', 'fastify-remembered', 'bare-fastify', 0.9],
  ['express', 'read', 'memory', 'express-session', 1.5],
  ['express', 'read', 'sqlite', 'express-session', 1.15],
  ['redis', 'read', 'redis', 'express-session-redis', 1.5],
  ['redis', 'read', 'redis-remembered', 'express-session-redis', 2.5],
  ['redis', 'read', 'redis-remembered', 'bare', 0.85],
  ['redis', 'write', 'redis', 'express-session-redis', 1],
  ['postgres', 'read', 'postgres', 'express-session-postgres', 1],
  ['postgres', 'write', 'postgres', 'express-session-postgres', 1],
]

/** How many times as long the slowest reads may take with 1,000,000 sessions as with 1,000. */
const MOST_GROWTH = 2
const MOST_INSTALLED_KIB = 400
const MOST_VERIFY_KIB = 8
const MOST_IMPORT_MS = 20

type RequestBudget = readonly [
  group: GroupName,
  action: Action,
  ours: Server,
  other: Server,
  least: number,
]

type Row = readonly string[]

const NOTES = [
  `Each bound is met or missed by the median; ± is half the distance between the quartiles. All ratios \
are of figures taken in turn in this one run. Where the server is busy, requests/s and CPU time tell \
the same; where it waits for a store, or for others on the machine, CPU time is the steadier one.`,
  'Memory per session, an hour of mixed traffic with faults, and more of growth: [scale.md](scale.md).',
]

/** What must be reached, and what was. */
export function budgetReport({ tokens, http, growth, size }: Results): Report {
  const rows = [
    ...(tokens.length === 0 ? [] : tokenRows(tokens)),
    ...REQUESTS.flatMap((budget) => requestRows(http, budget)),
    ...growthRows(growth),
    ...(size === undefined ? [] : sizeRows(size)),
  ]
  return {
    title: 'Budgets',
    rows: [['what', 'bound', 'measured', ''], ...rows],
    words: 1,
    notes: NOTES,
  }
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

function requestRows(
  results: readonly HttpResult[],
  [group, action, server, otherServer, least]: RequestBudget,
): Row[] {
  const load = { group, action, connections: CONNECTIONS }
  const [ours, other] = [find(results, server, load), find(results, otherServer, load)]
  if (ours === undefined || other === undefined) return []
  const what = `${action}, ${appOf(server).label}: × ${appOf(otherServer).label}, by`
  return [
    atLeast(`${what} requests/s`, least, ratio(ours.requestsPerSecond, other.requestsPerSecond)),
    // As many requests as the CPU time of one of the other's buys.
    atLeast(`${what} CPU time`, least, ratio(other.cpu, ours.cpu)),
  ]
}

function growthRows(results: Results['growth']): Row[] {
  const reads = results.filter(({ kind, operation }) => kind === 'SQLite' && operation === 'read')
  if (reads.length === 0) return []
  const [fewest, most] = [reads[0]!, reads.at(-1)!].map(({ size }) => size.toLocaleString('en'))
  const what = `read, SQLite: p99 of ${most} sessions × that of ${fewest}`
  return [atMost(what, MOST_GROWTH, growthOf(reads))]
}

function sizeRows({ installed, verify, importing }: NonNullable<Results['size']>): Row[] {
  return [
    atMost('import of symbolon/express, in ms', MOST_IMPORT_MS, summarize(importing)),
    atMost('installed, in KiB', MOST_INSTALLED_KIB, summarize([installed])),
    atMost('symbolon/verify bundled and compressed, in KiB', MOST_VERIFY_KIB, summarize([verify])),
  ]
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
