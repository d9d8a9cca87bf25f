import type { Report } from '../report.ts'
import { ratio, summarize } from '../statistics.ts'
import { digits, withSpread } from '../table.ts'
import type { TokenResult } from '../tokens.ts'
import { OURS } from '../tokens/contestants.ts'
import { ALGORITHMS } from '../tokens/keys.ts'

const TITLES = { verify: 'Verifying a token', sign: 'Signing a token' }

const NOTE = `CPU µs a call with threads included, and how many times that of ours (for a token not \
seen before). Keys are in the form that each library is fastest with.`

/** A table for each operation: a line for each library, two columns for each algorithm. */
export function tokenReports(results: readonly TokenResult[]): Report[] {
  if (results.length === 0) return []
  return (['verify', 'sign'] as const).map((operation) => {
    const mine = results.filter((result) => result.operation === operation)
    const header = ['', ...ALGORITHMS.flatMap((algorithm) => [algorithm, '× ours'])]
    const rows = [header, ...tokenRows(mine)]
    return { title: TITLES[operation], rows, words: 1, notes: [NOTE] }
  })
}

function tokenRows(results: readonly TokenResult[]): string[][] {
  const names = new Set(results.map(({ contestant }) => contestant))
  return [...names].map((name) => {
    const cells = ALGORITHMS.flatMap((algorithm) => {
      const all = results.filter((result) => result.algorithm === algorithm)
      const one = all.find(({ contestant }) => contestant === name)
      const ours = all.find(({ contestant }) => contestant === OURS)
      if (one === undefined || ours === undefined) return ['-', '-']
      return [withSpread(summarize(one.cpu)), digits(ratio(one.cpu, ours.cpu).median)]
    })
    return [name, ...cells]
  })
}
