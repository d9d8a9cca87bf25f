import { mkdirSync, writeFileSync } from 'node:fs'
import { lineChart } from '../line-chart.ts'
import { table } from '../table.ts'
import type { AppVitals } from './app-process.ts'
import { trendOf } from './verdict.ts'
import type { Vitals } from './vitals.ts'

/** At the end of a minute. */
export interface Sample {
  /** How many answers there were by now, by their status. */
  readonly answers: Readonly<Record<string, number>>
  readonly app: AppVitals
  readonly neighbour: Vitals
}

export interface SoakResult {
  readonly machine: Readonly<Record<string, string>>
  /** How long one is, in ms. */
  readonly minute: number
  readonly samples: readonly Sample[]
  /** What must never be, and was; the first of them. */
  readonly violations: readonly string[]
}

const MIB = 2 ** 20

/** What is watched, and its unit. */
const WATCHED = {
  'heap, MiB': ({ heap }: Vitals) => heap / MIB,
  'outside of the heap, MiB': ({ external }: Vitals) => external / MIB,
  'RSS, MiB': ({ rss }: Vitals) => rss / MIB,
  handles: ({ handles }: Vitals) => sumOf(handles),
  'open files': ({ descriptors }: Vitals) => descriptors,
} as const

const PROCESSES = ['app', 'neighbour'] as const

export function printSample({ answers, app, neighbour }: Sample, minute: number): void {
  const requests = sumOf(answers)
  const delay = `${app.delay.p99.toFixed(0)}/${app.delay.most.toFixed(0)} ms`
  console.log(
    `${minute}: ${requests} answers, app ${inShort(app)}, loop ${delay}, neighbour ${inShort(neighbour)}`,
  )
}

function inShort(vitals: Vitals): string {
  return Object.values(WATCHED)
    .map((read) => read(vitals).toFixed(1))
    .join(' ')
}

/** A line for each thing that must be flat. */
export function verdictTable({ samples, violations }: SoakResult): string {
  const rows = PROCESSES.flatMap((process) =>
    Object.entries(WATCHED).map(([name, read]) => {
      const trend = trendOf(samples.map((sample) => read(sample[process])))
      return [
        `${process}: ${name}`,
        trend.mean.toFixed(1),
        signed(trend.change),
        `±${trend.doubt.toFixed(2)}`,
        trend.isFlat ? 'flat' : 'NOT FLAT',
      ]
    }),
  )
  const header = ['second half', 'mean', 'change', '', '']
  return `${table([header, ...rows])}\n\n${violations.length} violations`
}

/** The page and its picture. */
export function writeDocs(result: SoakResult): void {
  const docs = new URL('../../docs/', import.meta.url)
  mkdirSync(new URL('images/', docs), { recursive: true })
  writeFileSync(new URL('images/soak.svg', docs), chart(result))
  writeFileSync(new URL('soak.md', docs), page(result))
}

function chart({ samples, minute }: SoakResult): string {
  const axes = { title: 'Memory of the processes', x: 'minutes', y: 'MiB' }
  const lines = PROCESSES.flatMap((process) =>
    (['RSS, MiB', 'heap, MiB'] as const).map((name) => ({
      name: `${process}, ${name.slice(0, 4).replace(',', '')}`,
      points: samples.map((sample, index) => {
        return [((index + 1) * minute) / 60_000, WATCHED[name](sample[process])] as const
      }),
    })),
  )
  return lineChart(axes, lines)
}

function page(result: SoakResult): string {
  const { machine, samples, minute, violations } = result
  const last = samples.at(-1)!
  const minutes = Math.round((samples.length * minute) / 60_000)
  const answers = sumOf(last.answers)
  const rows = Object.entries(last.answers).toSorted(([, one], [, other]) => other - one)
  const worst = Math.max(...samples.map(({ app }) => app.delay.most))
  const p99 = samples.map(({ app }) => app.delay.p99).toSorted((one, other) => one - other)
  const counts = Object.entries(last.app.counts)
  const codes = [...new Set(counts.flatMap(([, each]) => Object.keys(each)))].toSorted()
  return `# ${minutes} minutes of mixed traffic, with faults

One process with three Express apps, whose sessions are in memory, SQLite and Redis (there with \`maxStale: '10s'\`), and a service beside them that only verifies and follows the revocations. 20 people with two browsers each use each app at once: they look who they are, read, count up, write two things at the same time, log in, log out, end all sessions or all others, ask the service, leave for good, send forged tokens, and try the cookies of sessions that have ended. Tokens live 20 s, unused sessions two minutes, all of them ten; the signing key changes every five minutes; every ten seconds expired sessions are swept.

Meanwhile one call in a hundred of the stores in the process fails, half of them after it was carried out; for a hundredth of the time Redis refuses, resets, delays, truncates or is silent; and one client in a hundred goes before its answer has come.

\`\`\`sh
npm run soak
\`\`\`

## What was seen

${answers.toLocaleString('en')} answers in ${minutes} minutes; **${violations.length} violations** of what must always hold: no session lives on after its end was acknowledged, in the app or after ten seconds at the service; no living session is lost; what was acknowledged is there, and nothing twice; a failure sets no cookie; every status is one that was to be expected.

![Memory of the processes over time](images/soak.svg)

Each minute the traffic pauses for four seconds, until no connection is left; then, after a garbage collection, it is looked what the processes hold. A line through the second half, when all caches are full and the key ring has its final length:

\`\`\`text
${verdictTable(result)}
\`\`\`

\`change\` is how much the line rises over the half, with twice its standard error; flat is what rises by 5 % at most. The heap goes up and down with the tokens that are remembered, which are forgotten when a key takes its turn. The event loop of the app was late by ${p99[Math.floor(p99.length / 2)]!.toFixed(0)} ms at p99 in the median minute, and by ${worst.toFixed(0)} ms at worst, on a machine that did other things too.

| answers | |
|---|---:|
${rows.map(([status, count]) => `| ${status} | ${count.toLocaleString('en')} |`).join('\n')}

| events | ${counts.map(([place]) => place).join(' | ')} |
|---|${counts.map(() => '---:|').join('')}
${codes.map((code) => `| \`${code}\` | ${counts.map(([, each]) => ((each as Record<string, number>)[code] ?? 0).toLocaleString('en')).join(' | ')} |`).join('\n')}

${Object.entries(machine)
  .filter(([name]) => name !== 'packages')
  .map(([name, value]) => `${name}: ${value}`)
  .join(' · ')}
`
}

function sumOf(answers: Readonly<Record<string, number>>): number {
  return Object.values(answers).reduce((sum, count) => sum + count, 0)
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}
