// Measures tokens and requests against other libraries: `npm run bench`, in less than five minutes.
// `--short` takes seconds and shows only that everything runs; `--only tokens` or `http` does half.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { budgetRows } from './budgets.ts'
import { type HttpScale, measureHttp, redisIsMissing } from './http.ts'
import { describeMachine } from './machine.ts'
import { dropInTable, httpTable, tokenTables } from './reports.ts'
import { table } from './table.ts'
import { type TokenScale, measureTokens } from './tokens.ts'

interface Scale {
  readonly tokens: TokenScale
  readonly http: HttpScale
}

const FULL: Scale = {
  tokens: { tokens: 2048, batchMs: 40, repetitions: 11 },
  http: {
    connections: [1, 32, 128],
    milliseconds: 200,
    repetitions: 15,
    sessions: 512,
    rows: 100_000,
  },
}

const SHORT: Scale = {
  tokens: { tokens: 512, batchMs: 2, repetitions: 1 },
  http: { connections: [32], milliseconds: 50, repetitions: 1, sessions: 64, rows: 1000 },
}

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const scale = values.short ? SHORT : FULL
const machine = describeMachine()

print(
  Object.entries(machine)
    .map(([name, value]) => `${name.padEnd(10)}${value}\n`)
    .join(''),
)
if (values.short) print('A short run: its figures say nothing.\n')

const tokens = values.only === 'http' ? [] : await measureTokens(scale.tokens, progress)
if (tokens.length > 0) print(tokenTables(tokens))

const http = values.only === 'tokens' ? [] : await measureHttp(scale.http, progress)
if (http.length > 0) print(`${httpTable(http)}\n${dropInTable(http) || withoutRedis()}`)

if (!values.short) print(`${table(budgetRows(tokens, http))}\n`)
print(`Written to ${save({ machine, scale, tokens, http })}`)

function withoutRedis(): string {
  return `symbolon/express-session and express-session with connect-redis: ${redisIsMissing()}\n`
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
function save(results: object): string {
  const folder = new URL('results/', import.meta.url)
  const name = `${machine['date']?.replaceAll(':', '-')}.json`
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), JSON.stringify(results, null, 1))
  return `bench/results/${name}`
}
