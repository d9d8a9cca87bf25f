import type { HttpResult } from '../http.ts'
import { ACTIONS } from '../http/actions.ts'
import { type Server, appOf, isBare } from '../http/apps.ts'
import { GROUP_NAMES, type GroupName, groupOf } from '../http/groups.ts'
import type { Report } from '../report.ts'
import { median, ratio, summarize } from '../statistics.ts'
import { digits, withSpread } from '../table.ts'

/** A table for each group that was measured. */
export function httpReports(results: readonly HttpResult[]): Report[] {
  return GROUP_NAMES.flatMap((name) => {
    const mine = results.filter(({ group }) => group === name)
    if (mine.length === 0) return []
    const { title, peer } = groupOf(name)
    const rows = [headerOf(peer), ...mine.map((result) => rowOf(result, mine))]
    return [{ title, rows, words: 2, notes: notesOf(mine) }]
  })
}

function headerOf(peer: Server): string[] {
  const times = `× ${appOf(peer).label.split(',')[0]}`
  const latency = ['p50 ms', 'p99 ms', 'p99.9 ms']
  return ['asked', '', 'CPU µs', '× bare', times, 'requests/s', ...latency, 'busy', 'MiB']
}

function rowOf(result: HttpResult, all: readonly HttpResult[]): string[] {
  const { bare, peer } = groupOf(result.group)
  return [
    `${result.action}, ${result.connections}`,
    appOf(result.server).label,
    withSpread(summarize(result.cpu)),
    cpuRatio(result, find(all, bare, result)),
    cpuRatio(result, find(all, peer, result)),
    withSpread(summarize(result.requestsPerSecond)),
    ...[result.p50, result.p99, result.p999].map((times) => digits(median(times))),
    `${(median(result.busy) * 100).toFixed()}%`,
    (median(result.memory) / 2 ** 20).toFixed(),
  ]
}

function cpuRatio(result: HttpResult, other: HttpResult | undefined): string {
  return other === undefined ? '-' : digits(ratio(result.cpu, other.cpu).median)
}

/** The result of another server of the same group with the same action and load. */
export function find(
  results: readonly HttpResult[],
  server: Server,
  { group, action, connections }: Pick<HttpResult, 'group' | 'action' | 'connections'>,
): HttpResult | undefined {
  // To a framework alone a write is a read.
  const asked = isBare(server) && action === 'write' ? 'read' : action
  return results.find((it) => {
    return (
      it.group === group &&
      it.server === server &&
      it.action === asked &&
      it.connections === connections
    )
  })
}

const COLUMNS = `What is asked, over how many connections; CPU time of the server's process per \
request, and how many times that of the framework alone and of the peer; latency; the share of a CPU \
that the server had; and the memory it holds (RSS).`

const FOOTNOTES: Readonly<Record<string, string>> = {
  '¹': `¹ Keeps all data in the cookie: nothing is stored, a logout cannot be enforced by the server, \
and of two writes at a time one is lost.`,
  '²': '² A token alone: no session, no data, no logout before it expires.',
  '³': '³ Believes its cookie for five minutes without asking its store, logouts included.',
}

function notesOf(results: readonly HttpResult[]): string[] {
  const asked = new Set(results.map(({ action }) => action))
  const meanings = [...asked].map((action) => `${action}: asks ${ACTIONS[action].asks}`)
  const labels = results.map(({ server }) => appOf(server).label).join(' ')
  const footnotes = Object.keys(FOOTNOTES).filter((mark) => labels.includes(mark))
  return [COLUMNS, `${meanings.join('; ')}.`, ...footnotes.map((mark) => FOOTNOTES[mark]!)]
}

/** What becomes of an app with connect-redis that changes its import. */
export function dropInReports(results: readonly HttpResult[]): Report[] {
  const group: GroupName = 'redis'
  const rows = results.flatMap((ours) => {
    const theirs = find(results, groupOf(group).peer, ours)
    if (ours.server !== 'drop-in-redis' || theirs === undefined) return []
    const figures = ['cpu', 'requestsPerSecond', 'p50', 'p99'] as const
    const times = figures.map((figure) => withSpread(ratio(ours[figure], theirs[figure])))
    return [[`${ours.action}, ${ours.connections}`, ...times]]
  })
  if (rows.length === 0) return []
  const title = 'symbolon/express-session as a multiple of express-session, both with connect-redis'
  const header = ['asked', 'CPU', 'requests/s', 'p50', 'p99']
  return [{ title, rows: [header, ...rows], words: 1, notes: [] }]
}
