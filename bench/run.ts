// Measures tokens, requests and stores against other libraries: `npm run bench`, in less than ten
// minutes. `--short` takes seconds and shows only that everything runs; `--only` takes one of PARTS;
// `--write` puts a full run into the documentation, with `--from` one that was measured before.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type GrowthScale, measureGrowth } from './growth.ts'
import { type HttpResult, type HttpScale, measureGroup } from './http.ts'
import { CONNECTIONS, FEW_AND_MANY, GROUP_NAMES } from './http/groups.ts'
import { describeMachine } from './machine.ts'
import { publish } from './publish.ts'
import { asText } from './report.ts'
import { reportsOf } from './reports.ts'
import type { Results } from './results.ts'
import { type SizeScale, measureSize } from './size.ts'
import { missingServers } from './stores/servers.ts'
import { type TokenScale, measureTokens } from './tokens.ts'

const PARTS = ['size', 'tokens', ...GROUP_NAMES, 'growth'] as const
type Part = (typeof PARTS)[number]

interface Scale {
  readonly size: SizeScale
  readonly tokens: TokenScale
  readonly http: HttpScale
  readonly growth: GrowthScale
}

const UP_TO_A_MILLION = [1000, 10_000, 100_000, 1_000_000]

const FULL: Scale = {
  size: { repetitions: 11 },
  tokens: { tokens: 2048, batchMs: 40, repetitions: 11 },
  http: {
    connections: [CONNECTIONS, ...FEW_AND_MANY],
    warmUp: 3000,
    milliseconds: 150,
    repetitions: 9,
    sessions: 256,
    rows: 100_000,
  },
  growth: {
    sizes: { SQLite: UP_TO_A_MILLION, PostgreSQL: UP_TO_A_MILLION, Redis: UP_TO_A_MILLION },
    calls: 1000,
    repetitions: 7,
  },
}

const SHORT: Scale = {
  size: { repetitions: 1 },
  tokens: { tokens: 512, batchMs: 2, repetitions: 1 },
  http: {
    connections: [CONNECTIONS],
    warmUp: 100,
    milliseconds: 20,
    repetitions: 1,
    sessions: 8,
    rows: 1000,
  },
  growth: {
    sizes: { SQLite: [100, 1000], PostgreSQL: [100, 1000], Redis: [100, 1000] },
    calls: 20,
    repetitions: 1,
  },
}

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
})
if (values.only !== undefined && !PARTS.some((part) => part === values.only)) {
  throw new Error(`--only takes one of ${PARTS.join(', ')}`)
}
if (values.write && (values.short || values.only !== undefined)) {
  throw new Error('--write takes a full run: leave out --short and --only')
}

const results = values.from === undefined ? await measureAll() : read(values.from)
for (const report of reportsOf(results)) print(asText(report))
if (values.short) print('A short run: its figures say nothing.')
if (values.write) publish(results)

async function measureAll(): Promise<Results> {
  const scale = values.short ? SHORT : FULL
  const machine = describeMachine()
  for (const [name, value] of Object.entries(machine)) print(`${name.padEnd(10)}${value}`)
  for (const missing of missingServers()) print(`Nothing is measured of it: ${missing}`)
  // Beside the results and not in the system's folder for temporary files, which may be memory.
  const kept = fileURLToPath(new URL('results', import.meta.url))
  mkdirSync(kept, { recursive: true })
  const folder = mkdtempSync(join(kept, 'files-'))
  try {
    const measured = { machine, ...(await measureParts(scale, folder)) }
    const path = join(kept, `${machine['date']?.replaceAll(':', '-')}.json`)
    writeFileSync(path, JSON.stringify(measured, null, 1))
    print(`Written to ${path}\n`)
    return measured
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measureParts(scale: Scale, folder: string): Promise<Omit<Results, 'machine'>> {
  const size = isWanted('size') ? await measureSize(scale.size) : undefined
  const tokens = isWanted('tokens') ? await measureTokens(scale.tokens, progress) : []
  const http: HttpResult[] = []
  for (const name of GROUP_NAMES.filter(isWanted)) {
    http.push(...(await measureGroup(name, scale.http, folder, progress)))
  }
  const growth = isWanted('growth') ? await measureGrowth(scale.growth, folder, progress) : []
  return { size, tokens, http, growth }
}

function read(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

function isWanted(part: Part): boolean {
  return (values.only ?? part) === part
}

function print(text: string): void {
  progress('')
  console.log(text)
}

/** One line that is overwritten by the next. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${what}`)
}
