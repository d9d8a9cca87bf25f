import type { Action } from '../http/actions.ts'
import { median } from '../statistics.ts'
import type { Site } from './cluster-process.ts'
import type { FeedCost } from './feed.ts'
import type { Remembered } from './remembered.ts'
import type { RequestCost } from './requests.ts'
import type { Stored } from './stored.ts'

/** All that one run has measured. */
export interface ScaleResult {
  /** On what, as names and texts. */
  readonly machine: Readonly<Record<string, string>>
  readonly requests: readonly RequestCost[]
  readonly remembered: Remembered
  readonly stored: Stored
  readonly feed: readonly FeedCost[]
}

/** What is assumed of a site: to be replaced by what is known of yours. */
export const ASSUMED = {
  /** Of all requests. */
  writes: 0.1,
  /** Of all requests. */
  logins: 1 / 10_000,
  /** How many logins end by a logout, and not by themselves. */
  loggedOut: 0.2,
  /** How long a session is kept that is not logged out, in days. */
  days: 14,
  /** Requests of one session within `maxStale` that come to one and the same process. */
  burst: 10,
  /** How much of a CPU is used: the rest is for peaks. */
  load: 0.6,
} as const

/** Of the package: a list is asked for so often, and holds each entry for so long. */
const LISTS_PER_SECOND = 1000 / 400
const ENTRY_SECONDS = (15 + 6) * 60
/** An unchanged list is signed again. */
const RENEWALS_PER_SECOND = 1 / 10
/** A verifier takes no longer list, in bytes. */
export const LONGEST_LIST = 4 << 20

const US_PER_SECOND = 1e6
const SECONDS_PER_DAY = 86_400

export const RATES = [1000, 100_000, 10_000_000] as const

/** What so many requests a second need. */
export interface Needs {
  /** Processes of Node, for all that the benchmark's app does. */
  readonly processes: number
  /** How many of them are there for sessions. */
  readonly forSessions: number
  /** CPUs of the store's server: for Redis, shards. */
  readonly storeCpus: number
}

/** @param burst how many requests of a session are answered with one question to the store */
export function needsOf(
  { requests }: ScaleResult,
  rate: number,
  store: 'redis' | 'postgres',
  burst: number,
): Needs {
  const alone = costOf(requests, 'bare', 0, 'identity')
  const asked = costOf(requests, store, 0, 'read')
  const recalled = burst === 1 ? asked : costOf(requests, store, 10_000, 'read')
  const sum = (part: 'cpu' | 'storeCpu'): number => {
    const read = asked[part] / burst + recalled[part] * (1 - 1 / burst)
    const write = costOf(requests, store, 0, 'write')[part]
    const login = costOf(requests, store, 0, 'login')[part]
    const { writes, logins, loggedOut } = ASSUMED
    // What a logout takes is less than what a login takes, and counted as much.
    const others = logins * (1 + loggedOut)
    return read * (1 - writes - others) + write * writes + login * others
  }
  const cpus = (time: number): number => (time * rate) / US_PER_SECOND / ASSUMED.load
  return {
    processes: cpus(sum('cpu')),
    forSessions: cpus(Math.max(0, sum('cpu') - alone.cpu)),
    storeCpus: cpus(sum('storeCpu')),
  }
}

/** By the medians of one process. */
export function costOf(
  requests: readonly RequestCost[],
  store: Site['store'],
  maxStale: number,
  action: Action,
): Readonly<Record<'cpu' | 'storeCpu' | 'calls', number>> {
  const found = requests.find((it) => {
    return (
      it.store === store && it.workers === 1 && it.maxStale === maxStale && it.action === action
    )
  })
  if (found === undefined) throw new Error(`${action} on ${store} was not measured`)
  return {
    cpu: median(found.cpu),
    storeCpu: median(found.storeCpu),
    calls: median(found.calls),
  }
}

/** How many sessions there are at any time. */
export function sessionsAt(rate: number): number {
  return rate * ASSUMED.logins * (1 - ASSUMED.loggedOut) * ASSUMED.days * SECONDS_PER_DAY
}

/** What the list of revocations comes to. */
export interface Feed {
  readonly logoutsPerSecond: number
  readonly entries: number
  /** Of one list. */
  readonly bytes: number
  /** To one follower. */
  readonly bytesPerSecond: number
  /** The share of a CPU that each process of the app needs to make the lists. */
  readonly making: number
  /** The share of a CPU that each follower needs to read them. */
  readonly reading: number
}

export function feedAt({ feed }: ScaleResult, rate: number): Feed {
  const [first, last] = [feed[0]!, feed.at(-1)!]
  const per = (figure: 'bytes' | 'made' | 'read'): number =>
    Math.max(0, last[figure] - first[figure]) / (last.entries - first.entries)
  const logoutsPerSecond = rate * ASSUMED.logins * ASSUMED.loggedOut
  const entries = logoutsPerSecond * ENTRY_SECONDS
  const bytes = first.bytes + entries * per('bytes')
  const lists = Math.min(LISTS_PER_SECOND, logoutsPerSecond + RENEWALS_PER_SECOND)
  const making = ((first.made + entries * per('made')) * lists) / US_PER_SECOND
  const reading = (entries * per('read') * lists) / US_PER_SECOND
  return { logoutsPerSecond, entries, bytes, bytesPerSecond: bytes * lists, making, reading }
}

/** How many logouts a second fill the longest list. */
export function mostLogouts({ feed }: ScaleResult): number {
  const [first, last] = [feed[0]!, feed.at(-1)!]
  const perEntry = (last.bytes - first.bytes) / (last.entries - first.entries)
  return (LONGEST_LIST - first.bytes) / perEntry / ENTRY_SECONDS
}
