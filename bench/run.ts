// Measures tokens, requests and stores against other libraries: `npm run bench`, in less than ten
// minutes. `--short` takes seconds and shows only that everything runs; `--only` takes one of PARTS.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { budgetRows } from './budgets.ts'
import { type FeedScale, feedTable, measureFeed } from './feed.ts'
import { type GrowthScale, measureGrowth } from './growth.ts'
import { type HttpScale, measureHttp, measureStores } from './http.ts'
import { describeMachine } from './machine.ts'
import { dropInTable, growthTable, httpTable, tokenTables } from './reports.ts'
import { missingServers } from './stores/servers.ts'
import { table } from './table.ts'
import { type TokenScale, measureTokens } from './tokens.ts'

const PARTS = ['tokens', 'http', 'stores', 'growth', 'feed'] as const
type Part = (typeof PARTS)[number]

interface Scale {
  readonly tokens: TokenScale
  readonly http: HttpScale
  readonly stores: HttpScale
  readonly growth: GrowthScale
  readonly feed: FeedScale
}

const REQUESTS = { milliseconds: 200, repetitions: 15, sessions: 256, rows: 100_000 }
const FEW_REQUESTS = { milliseconds: 50, repetitions: 1, sessions: 64, rows: 1000 }
const UP_TO_A_MILLION = [1000, 10_000, 100_000, 1_000_000]

const FULL: Scale = {
  tokens: { tokens: 2048, batchMs: 40, repetitions: 11 },
  http: { ...REQUESTS, connections: [1, 32, 128] },
  stores: { ...REQUESTS, connections: [1, 32] },
  growth: {
    sizes: {
      SQLite: UP_TO_A_MILLION,
      PostgreSQL: UP_TO_A_MILLION,
      // By the store's own verbs: a million would take a minute.
      Redis: [1000, 10_000, 100_000],
    },
    calls: 1500,
    repetitions: 7,
  },
  feed: { logouts: 200, atOnce: 8, connections: 4 },
}

const SHORT: Scale = {
  tokens: { tokens: 512, batchMs: 2, repetitions: 1 },
  http: { ...FEW_REQUESTS, connections: [32] },
  stores: { ...FEW_REQUESTS, connections: [32] },
  growth: {
    sizes: { SQLite: [100, 1000], PostgreSQL: [100, 1000], Redis: [100, 1000] },
    calls: 20,
    repetitions: 1,
  },
  feed: { logouts: 8, atOnce: 8, connections: 1 },
}

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string' } },
})
if (values.only !== undefined && !PARTS.some((part) => part === values.only)) {
  throw new Error(`--only takes one of ${PARTS.join(', ')}`)
}
const scale = values.short ? SHORT : FULL
const machine = describeMachine()
const results = fileURLToPath(new URL('results', import.meta.url))

print(
  Object.entries(machine)
    .map(([name, value]) => `${name.padEnd(10)}${value}\n`)
    .join(''),
)
if (values.short) print('A short run: its figures say nothing.\n')
for (const missing of missingServers()) print(`Nothing is measured of it: ${missing}\n`)

// Beside the results and not in the system's folder for temporary files, which may be memory.
mkdirSync(results, { recursive: true })
const folder = mkdtempSync(join(results, 'files-'))
try {
  await measureAll()
} finally {
  rmSync(folder, { recursive: true })
}

async function measureAll(): Promise<void> {
  const tokens = isWanted('tokens') ? await measureTokens(scale.tokens, progress) : []
  if (tokens.length > 0) print(tokenTables(tokens))

  const http = isWanted('http') ? await measureHttp(scale.http, folder, progress) : []
  if (http.length > 0) print(httpTable('in its process', http))

  const stores = isWanted('stores') ? await measureStores(scale.stores, progress) : []
  if (stores.length > 0) print(`${httpTable('on a server', stores)}\n${dropInTable(stores)}`)

  const growth = isWanted('growth') ? await measureGrowth(scale.growth, folder, progress) : []
  if (growth.length > 0) print(growthTable(growth))

  const feed = isWanted('feed') ? await measureFeed(scale.feed, folder, progress) : []
  if (feed.length > 0) print(feedTable(feed))

  if (!values.short) print(`${table(budgetRows(tokens, http, stores, growth))}\n`)
  print(`Written to ${save({ machine, scale, tokens, http, stores, growth, feed })}`)
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

/** For later comparison: with every repetition. */
function save(measured: object): string {
  const name = `${machine['date']?.replaceAll(':', '-')}.json`
  writeFileSync(join(results, name), JSON.stringify(measured, null, 1))
  return `bench/results/${name}`
}
