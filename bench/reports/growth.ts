import { type GrowthResult, growthOf } from '../growth.ts'
import type { Report } from '../report.ts'
import { median } from '../statistics.ts'
import { digits, withSpread } from '../table.ts'

const NOTE = `One call after the other on a store with so many sessions: µs at p50 and p99, and how \
many times as long the p99 takes with the most of them as with the fewest. Bytes with all indexes: of \
the file, of the table, or of the memory of Redis.`

/** A line for each store and operation, a column for each number of sessions. */
export function growthReports(results: readonly GrowthResult[]): Report[] {
  if (results.length === 0) return []
  const sizes = [...new Set(results.map(({ size }) => size))]
  const groups = Map.groupBy(results, ({ kind, operation }) => `${kind}, ${operation}`)
  const lines = [...groups].map(([name, group]) => [
    name,
    ...sizes.map((size) => percentiles(group.find((result) => result.size === size))),
    withSpread(growthOf(group)),
  ])
  const header = ['', ...sizes.map((size) => size.toLocaleString('en')), 'p99 ×']
  const title = 'Stores as they grow'
  return [{ title, rows: [header, ...lines, ...bytes(results, sizes)], words: 1, notes: [NOTE] }]
}

/** A line for each store. */
function bytes(results: readonly GrowthResult[], sizes: readonly number[]): string[][] {
  const kinds = Map.groupBy(results, ({ kind }) => kind)
  return [...kinds].map(([kind, group]) => {
    const cells = sizes.map((size) => group.find((result) => result.size === size)?.bytes)
    return [`${kind}, bytes per session`, ...cells.map((cell) => cell?.toFixed() ?? '-'), '']
  })
}

function percentiles(result: GrowthResult | undefined): string {
  if (result === undefined) return '-'
  return `${digits(median(result.p50))} / ${digits(median(result.p99))}`
}
