// Uses sessions for an hour as people do, while stores, connections and clients fail, and looks
// whether memory and handles stay flat: `npm run soak`. `--minutes` takes another time, `--short` half
// a minute, which shows only that everything runs; `--write` takes a result, for docs/soak.md.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Child } from './http/child.ts'
import { describeMachine } from './machine.ts'
import type { AppVitals } from './soak/app-process.ts'
import { Client } from './soak/client.ts'
import { KeyTurns } from './soak/key-turns.ts'
import type { Place, Setting } from './soak/places.ts'
import { FaultyRedis } from './soak/redis-faults.ts'
import {
  type Sample,
  type SoakResult,
  printSample,
  verdictTable,
  writeDocs,
} from './soak/report.ts'
import { Traffic } from './soak/traffic.ts'
import type { Vitals } from './soak/vitals.ts'

const FAULTS = 0.01
const LOOK_EVERY_MS = 250
/** Until the connections that nobody uses are closed on all sides. */
const REST_MS = 4000
const MOST_VIOLATIONS = 100
const MINUTE_MS = 60_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    short: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
})
// Servers are ended with the process, and a signal alone would not tell them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const results = fileURLToPath(new URL('results', import.meta.url))
if (values.write === undefined) await soak()
else writeDocs(JSON.parse(readFileSync(values.write, 'utf8')) as SoakResult)

async function soak(): Promise<void> {
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'soak-'))
  const redis = await FaultyRedis.start(FAULTS)
  try {
    const result = await run(folder, redis)
    const name = `soak-${result.machine['date']?.replaceAll(':', '-')}.json`
    writeFileSync(join(results, name), JSON.stringify(result, null, 1))
    console.log(`\n${verdictTable(result)}\n\nWritten to bench/results/${name}`)
    if (result.violations.length > 0) process.exitCode = 1
  } finally {
    await redis?.stop()
    rmSync(folder, { recursive: true })
  }
}

async function run(folder: string, redis: FaultyRedis | undefined): Promise<SoakResult> {
  const machine = describeMachine()
  const ring = join(folder, 'ring.json')
  const minutes = values.short ? 4 : Number(values.minutes)
  const minute = values.short ? 8000 : MINUTE_MS
  const keys = new KeyTurns(ring, values.short ? minute : 5 * minute)
  const database = join(folder, 'sessions.db')
  const setting: Setting = { ring, database, redisPort: redis?.port, faults: FAULTS }
  const app = new Child('../soak/app-process.ts', [JSON.stringify(setting)])
  const ports = await app.hear<Partial<Record<Place, number>>>()
  const neighbour = new Child('../soak/neighbour-process.ts', [JSON.stringify(ports)])
  const neighbourPort = await neighbour.hear<number>()
  const client = new Client(FAULTS)
  const violations: string[] = []
  const report = (violation: string): void => {
    const line = `${new Date().toISOString()} ${violation}`
    console.error(line)
    if (violations.length < MOST_VIOLATIONS) violations.push(line)
  }
  const traffic = new Traffic(
    (Object.entries(ports) as [Place, number][]).map(([place, port]) => {
      return { place, app: port, neighbour: neighbourPort, client, report }
    }),
  )
  const samples: Sample[] = []
  try {
    while (samples.length < minutes) {
      const resting = disturb(keys, redis)
      await traffic.runFor(minute - REST_MS)
      await resting()
      client.rest()
      await sleep(REST_MS)
      const appVitals = await app.ask<AppVitals>('vitals')
      const neighbourVitals = await neighbour.ask<Vitals>('vitals')
      const answers = { ...client.answers }
      const sample = { answers, app: appVitals, neighbour: neighbourVitals }
      samples.push(sample)
      printSample(sample, samples.length)
    }
  } finally {
    await Promise.all([app.stop(), neighbour.stop()])
  }
  return { machine, minute, samples, violations }
}

/** @returns stops it, when what fails has healed */
function disturb(keys: KeyTurns, redis: FaultyRedis | undefined): () => Promise<void> {
  const end = new AbortController()
  const disturbing = (async () => {
    while (!end.signal.aborted) {
      keys.takeTurns()
      await redis?.failSometimes(LOOK_EVERY_MS)
      await sleep(LOOK_EVERY_MS)
    }
  })()
  return async () => {
    end.abort()
    await disturbing
  }
}
