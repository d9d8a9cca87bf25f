import { type Bar, type Section, barChart } from './bar-chart.ts'
import type { HttpResult } from './http.ts'
import type { Action } from './http/actions.ts'
import { appOf, isBare } from './http/apps.ts'
import { CONNECTIONS, type GroupName, groupOf } from './http/groups.ts'
import { lineChart } from './line-chart.ts'
import type { Results } from './results.ts'
import { median } from './statistics.ts'
import { OURS } from './tokens/contestants.ts'

const UNIT = 'µs'
const SHORTER = 'CPU time of the server per request, the framework included; shorter is better'

const MARKS =
  '¹ all data in the cookie, no logout by the server  ² a token, no session  ³ believes its cookie for five minutes'

const ACTIONS: readonly (readonly [Action, string])[] = [
  ['identity', 'who is the user?'],
  ['read', 'read a value of the session'],
  ['write', 'change a value of the session'],
]

/** The pictures that a run can be drawn as, by name; without those for which it has no figures. */
export function chartsOf({ http, tokens, growth }: Results): Readonly<Record<string, string>> {
  const charts = {
    'bench-express': requests('Express 5, sessions in the process', http, ['express']),
    'bench-frameworks': requests('Other frameworks', http, ['fastify', 'fetch', 'koa']),
    'bench-stores': requests('Sessions on a server', http, ['redis', 'postgres']),
    'bench-tokens': verifying(tokens),
    'bench-growth': growing(growth),
  }
  return Object.fromEntries(Object.entries(charts).filter(([, chart]) => chart !== ''))
}

function requests(
  title: string,
  results: readonly HttpResult[],
  groups: readonly GroupName[],
): string {
  const sections = groups.flatMap((group) =>
    ACTIONS.map(([action, asks]): Section => {
      const mine = results.filter((result) => {
        return (
          result.group === group && result.action === action && result.connections === CONNECTIONS
        )
      })
      const name = groups.length === 1 ? asks : `${groupOf(group).title}: ${asks}`
      return { name, bars: mine.map(barOf) }
    }),
  )
  const marks = groups.includes('express') ? MARKS : ''
  return drawn(`${title}, ${CONNECTIONS} connections`, SHORTER, sections, marks)
}

function barOf({ server, cpu }: HttpResult): Bar {
  const { label } = appOf(server)
  const kind = isBare(server) ? 'bare' : /^(?:ours|drop-in)/.test(label) ? 'ours' : 'other'
  return { name: label, value: median(cpu), kind }
}

function verifying(results: Results['tokens']): string {
  const sections = Map.groupBy(
    results.filter(({ operation }) => operation === 'verify'),
    ({ algorithm }) => algorithm,
  )
  return drawn(
    'Verifying a token',
    'CPU time per call; shorter is better',
    [...sections].map(([name, contestants]) => ({
      name,
      bars: contestants.map(({ contestant, cpu }) => {
        return { name: contestant, value: median(cpu), kind: kindOf(contestant) }
      }),
    })),
  )
}

function growing(results: Results['growth']): string {
  const operations = ['read', 'write', 'list of a user'] as const
  const rows = Map.groupBy(
    results.filter(({ operation }) => operations.some((it) => it === operation)),
    ({ kind, operation }) => `${kind}, ${operation}`,
  )
  if (rows.size === 0) return ''
  const axes = {
    title: 'Stores as they grow: one call after the other, median',
    x: 'sessions in the store',
    y: UNIT,
    logarithmic: true,
  }
  const lines = [...rows].map(([name, row]) => ({
    name,
    points: row.map(({ size, p50 }) => [size, median(p50)] as const),
  }))
  return lineChart(axes, lines)
}

function kindOf(contestant: string): Bar['kind'] {
  return contestant.startsWith(OURS) ? 'ours' : contestant.includes('call') ? 'bare' : 'other'
}

function drawn(
  title: string,
  note: string,
  sections: readonly Section[],
  footnote?: string,
): string {
  const filled = sections.filter(({ bars }) => bars.length > 0)
  return filled.length === 0 ? '' : barChart(title, note, UNIT, filled, footnote)
}
