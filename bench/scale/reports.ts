import type { Report } from '../report.ts'
import { summarize } from '../statistics.ts'
import { digits, withSpread } from '../table.ts'
import {
  ASSUMED,
  feedAt,
  LONGEST_LIST,
  mostLogouts,
  needsOf,
  RATES,
  type ScaleResult,
  sessionsAt,
} from './plan.ts'

const STORES = { bare: 'none', redis: 'Redis', postgres: 'PostgreSQL' } as const

const REQUEST_HEADER = [
  'store',
  'maxStale',
  'request',
  'processes',
  'Node, CPU µs',
  'store, CPU µs',
  'commands',
  'requests/s',
]

const NEEDS_HEADER = [
  'requests/s',
  'maxStale',
  'Node processes',
  'of them for sessions',
  'Redis shards',
  'on PostgreSQL: processes',
  'its CPUs',
]

/** What was measured. */
export function measuredReports(result: ScaleResult): Report[] {
  return [requestReport(result), bytesReport(result), feedReport(result)]
}

/** What follows from it. */
export function computedReports(result: ScaleResult): Report[] {
  return [needsReport(result), storedReport(result), followersReport(result)]
}

function requestReport({ requests }: ScaleResult): Report {
  const rows = requests.map((cost) => [
    STORES[cost.store],
    cost.maxStale === 0 ? '0' : `${cost.maxStale / 1000} s`,
    cost.action,
    `${cost.workers}`,
    withSpread(summarize(cost.cpu)),
    cost.store === 'bare' ? '' : digits(summarize(cost.storeCpu).median),
    cost.store === 'redis' ? digits(summarize(cost.calls).median) : '',
    withSpread(summarize(cost.requestsPerSecond)),
  ])
  const note = `CPU time per request, of all processes of the app together and of the store's server, with \
32 connections: medians, ± half the distance between the quartiles. Commands of Redis, those that its \
scripts call too.`
  return { title: 'Requests', rows: [REQUEST_HEADER, ...rows], words: 3, notes: [note] }
}

function bytesReport({ remembered, stored }: ScaleResult): Report {
  const rows = [
    ...Object.entries(stored).map(([kind, bytes]) => [kind, bytes.toFixed()]),
    ['in each process that has seen it: the verified token', remembered.token.toFixed()],
    ['and with maxStale the record', remembered.record.toFixed()],
  ]
  const note = `Two small properties, two fields of the user, five sessions of each user. More data take what \
their JSON takes, of the record twice as much where it is not ASCII.`
  return { title: 'Bytes per session', rows: [['', 'bytes'], ...rows], words: 1, notes: [note] }
}

function feedReport({ feed }: ScaleResult): Report {
  const rows = feed.map(({ entries, bytes, made, unchanged, read }) => {
    return [entries.toLocaleString('en'), kib(bytes), ...[made, unchanged, read].map(us)]
  })
  const header = ['entries', 'list', 'app: another list', 'app: unchanged', 'service: begins']
  const note = `CPU time without that of HTTP. A list is made once in a process, however many follow it.`
  return { title: 'The list of revocations', rows: [header, ...rows], words: 0, notes: [note] }
}

function needsReport(result: ScaleResult): Report {
  const rows = RATES.flatMap((rate) =>
    [1, ASSUMED.burst].map((burst) => {
      const redis = needsOf(result, rate, 'redis', burst)
      const row = [rate.toLocaleString('en'), burst === 1 ? '0' : '10 s']
      const cells = [redis.processes, redis.forSessions, redis.storeCpus].map(count)
      const hasPostgres = burst === 1 && result.requests.some(({ store }) => store === 'postgres')
      const postgres = hasPostgres ? needsOf(result, rate, 'postgres', 1) : undefined
      const others = postgres ? [postgres.processes, postgres.storeCpus].map(count) : ['', '']
      return [...row, ...cells, ...others]
    }),
  )
  return { title: 'Processes and shards', rows: [NEEDS_HEADER, ...rows], words: 0, notes: [] }
}

function storedReport({ stored }: ScaleResult): Report {
  const rows = RATES.map((rate) => {
    const sessions = sessionsAt(rate)
    const sizes = Object.values(stored).map(
      (bytes) => `${digits((sessions * bytes) / 2 ** 30)} GiB`,
    )
    return [rate.toLocaleString('en'), Math.round(sessions).toLocaleString('en'), ...sizes]
  })
  const header = ['requests/s', 'sessions', ...Object.keys(stored)]
  return { title: 'Sessions kept', rows: [header, ...rows], words: 0, notes: [] }
}

function followersReport(result: ScaleResult): Report {
  const rows = RATES.map((rate) => {
    const { logoutsPerSecond, entries, bytes, bytesPerSecond, making, reading } = feedAt(
      result,
      rate,
    )
    const isPossible = bytes <= LONGEST_LIST
    return [
      rate.toLocaleString('en'),
      digits(logoutsPerSecond),
      Math.round(entries).toLocaleString('en'),
      kib(bytes),
      isPossible ? `${kib(bytesPerSecond)}/s` : 'too long',
      isPossible ? `${digits(reading * 100)} %` : '',
      isPossible ? `${digits(making * 100)} %` : '',
    ]
  })
  const header = [
    'requests/s',
    'logouts/s',
    'entries',
    'list',
    'each follower',
    'its CPU',
    'CPU of the app',
  ]
  const most = `A list holds no more than ${LONGEST_LIST / 2 ** 20} MiB: ${digits(mostLogouts(result))} logouts a second.`
  return { title: 'The feed', rows: [header, ...rows], words: 0, notes: [most] }
}

function us(value: number): string {
  return `${digits(value)} µs`
}

function kib(bytes: number): string {
  return `${digits(bytes / 1024)} KiB`
}

/** Less than a whole one still needs one. */
function count(value: number): string {
  return value < 10 ? value.toFixed(2) : Math.ceil(value).toLocaleString('en')
}
