// Measures what requests, sessions and the list of revocations cost, and computes what so many of
// them need: `npm run scale`, in a few minutes. `--short` takes seconds and shows only that everything
// runs; `--write` puts a full run into docs/scale.md, with `--from` one that was measured before.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './machine.ts'
import { fileOf, replaceIn } from './pages.ts'
import { type Report, asMarkdown, asText } from './report.ts'
import { measureFeedCosts } from './scale/feed.ts'
import type { ScaleResult } from './scale/plan.ts'
import { measureRemembered } from './scale/remembered.ts'
import { computedReports, measuredReports } from './scale/reports.ts'
import { measureRequests } from './scale/requests.ts'
import { measureStored } from './scale/stored.ts'
import { missingServers } from './stores/servers.ts'

const FULL = {
  requests: { milliseconds: 500, repetitions: 11, sessions: 256 },
  remembered: 10_000,
  stored: 100_000,
  feed: [0, 1000, 10_000],
}
const SHORT = {
  requests: { milliseconds: 50, repetitions: 1, sessions: 32 },
  remembered: 500,
  stored: 1000,
  feed: [0, 100],
}
const PAGE = fileOf('docs/scale.md')

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
})
const result = values.from === undefined ? await measure() : read(values.from)
const parts = { measured: measuredReports(result), computed: computedReports(result) }
for (const report of Object.values(parts).flat()) console.log(asText(report))
if (values.write) write()

async function measure(): Promise<ScaleResult> {
  for (const missing of missingServers()) console.log(`Nothing is measured of it: ${missing}`)
  const scale = values.short ? SHORT : FULL
  const machine = describeMachine()
  const results = fileOf('bench/results')
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'files-'))
  try {
    const remembered = await measureRemembered(folder, scale.remembered)
    const feed = await measureFeedCosts(scale.feed)
    const stored = await measureStored(folder, scale.stored)
    const requests = await measureRequests(scale.requests, progress)
    const measured = { machine, requests, remembered, stored, feed }
    const path = join(results, `scale-${machine['date']?.replaceAll(':', '-')}.json`)
    writeFileSync(path, JSON.stringify(measured, null, 1))
    console.log(`Written to ${path}\n`)
    return measured
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function read(path: string): ScaleResult {
  return JSON.parse(readFileSync(path, 'utf8')) as ScaleResult
}

function write(): void {
  for (const [name, reports] of Object.entries(parts)) replaceIn(PAGE, name, textOf(reports))
  const machine = Object.entries(result.machine).map(([name, value]) => `- ${name}: ${value}`)
  replaceIn(PAGE, 'machine', machine.join('\n'))
}

function textOf(reports: readonly Report[]): string {
  return reports.map(asMarkdown).join('\n')
}

/** One line that is overwritten by the next. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${what}`)
}
