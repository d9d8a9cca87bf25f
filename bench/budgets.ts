import type { Action, HttpResult } from './http.ts'
import type { Server } from './http/apps.ts'
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

const NOT_MEASURED = [
  'identity with maxStale 10 s, against bare Fastify',
  'read and write with a Redis store of ours, against connect-redis',
  'growth to 1,000,000 sessions, memory per session, soak',
  'size and import time',
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
): readonly Row[] {
  return [
    ['budget', 'bound', 'measured', ''],
    ...(tokens.length === 0 ? [] : tokenRows(tokens)),
    ...(http.length === 0 ? [] : REQUESTS.flatMap((budget) => requestRows(http, budget))),
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
  const find = (server: Server): HttpResult =>
    results.find((result) => {
      return (
        result.server === server && result.action === action && result.connections === CONNECTIONS
      )
    })!
  const [ours, other] = [find(budget.ours), find(budget.other)]
  const what = `${action}, ${budget.ours}: × ${budget.other}, by`
  return [
    atLeast(`${what} requests/s`, least, ratio(ours.requestsPerSecond, other.requestsPerSecond)),
    // As many requests as the CPU time of one of the other's buys.
    atLeast(`${what} CPU time`, least, ratio(other.cpu, ours.cpu)),
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
