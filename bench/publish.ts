import { mkdirSync, writeFileSync } from 'node:fs'
import { chartsOf } from './charts.ts'
import { fileOf, replaceIn } from './pages.ts'
import { find } from './reports/http.ts'
import { reportsOf } from './reports.ts'
import { asMarkdown } from './report.ts'
import type { Results } from './results.ts'
import { CONNECTIONS, type GroupName, groupOf } from './http/groups.ts'
import type { Action } from './http/actions.ts'
import { type Server, appOf } from './http/apps.ts'
import { ratio } from './statistics.ts'
import { digits } from './table.ts'

const README = fileOf('README.md')
const PAGE = fileOf('docs/performance.md')
const IMAGES = fileOf('docs/images')

/** Puts the figures of a full run where users read them: charts, the page's tables, the README. */
export function publish(results: Results): void {
  mkdirSync(IMAGES, { recursive: true })
  for (const [name, chart] of Object.entries(chartsOf(results))) {
    writeFileSync(`${IMAGES}/${name}.svg`, chart)
  }
  replaceIn(PAGE, 'measured', measured(results))
  replaceIn(README, 'benchmark', summary(results))
}

function measured(results: Results): string {
  const machine = Object.entries(results.machine).map(([name, value]) => `- ${name}: ${value}`)
  const pictures = Object.keys(chartsOf(results)).map((name) => `![${name}](images/${name}.svg)`)
  return [
    `\`npm run bench\` repeats all of this in less than ten minutes. The load comes from another \
process, over connections that send the next request when the answer is there; each server has a \
process of its own, and all take turns in each repetition, so that what slows the machine slows them \
all. Before, each answers requests for three seconds. Every figure is the median of the repetitions, \
± half the distance between the quartiles. All answer the same, which is checked before, run on the same Node \
with NODE_ENV=production, and have the options that their documentation advises; @fastify/session is \
without \`rolling\`, its default, which would write every session that is read. Others sign by HMAC; \
ours signs by ES256, as its README says, and by HMAC where the table says HS256.`,
    machine.join('\n'),
    ...pictures,
    ...reportsOf(results).map(asMarkdown),
  ].join('\n\n')
}

const HIGHLIGHTS: readonly (readonly [GroupName, Action, Server])[] = [
  ['express', 'identity', 'remembered'],
  ['express', 'read', 'memory'],
  ['redis', 'read', 'redis'],
  ['fastify', 'read', 'fastify-memory'],
]

/** The picture, and what it comes to. */
function summary({ http }: Results): string {
  const lines = HIGHLIGHTS.flatMap(([group, action, server]) => {
    const { bare, peer } = groupOf(group)
    const load = { group, action, connections: CONNECTIONS }
    const [ours, alone, others] = [server, bare, peer].map((name) => find(http, name, load))
    if (ours === undefined || alone === undefined || others === undefined) return []
    const ofBare = digits(ratio(ours.cpu, alone.cpu).median)
    const ofPeer = digits(ratio(ours.cpu, others.cpu).median)
    return [
      `| ${action}: ${appOf(server).label} | ${ofBare} × ${appOf(bare).label} | ${ofPeer} × ${appOf(peer).label} |`,
    ]
  })
  return [
    '## How fast it is',
    '![CPU time per request: ours, and others](docs/images/bench-express.svg)',
    ['| CPU time per request | | |', '|---|---|---|', ...lines].join('\n'),
    '`npm run bench` repeats it on your machine; all tables and how they were made: [docs/performance.md](docs/performance.md).',
  ].join('\n\n')
}
