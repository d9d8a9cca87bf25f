import type { Summary } from './statistics.ts'

/**
 * A table as aligned text.
 *
 * @param words so many columns go to the left, the others to the right
 */
export function table(rows: readonly (readonly string[])[], words = 1): string {
  const widths = (rows[0] ?? []).map((_, column) => {
    return Math.max(...rows.map((row) => row[column]?.length ?? 0))
  })
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0
      return column < words ? cell.padEnd(width) : cell.padStart(width)
    })
    return cells.join('  ').trimEnd()
  })
  return lines.join('\n')
}

/** Three digits that count: 0.123, 12.3, 12345. */
export function digits(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
}

export function withSpread({ median, spread }: Summary): string {
  return `${digits(median)} ±${(spread * 100).toFixed(0).padStart(2)}%`
}
