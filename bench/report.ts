import { table } from './table.ts'

/** A table with its title, and what must be known of it. */
export interface Report {
  readonly title: string
  /** The first names the columns. */
  readonly rows: readonly (readonly string[])[]
  /** How many columns at the left hold words. */
  readonly words: number
  readonly notes: readonly string[]
}

export function asText({ title, rows, words, notes }: Report): string {
  return [title, '', table(rows, words), '', ...notes, ''].join('\n')
}

export function asMarkdown({ title, rows, words, notes }: Report): string {
  const [head = [], ...body] = rows.map((row) => row.map((cell) => cell.trim()))
  const ruler = head.map((_, column) => (column < words ? '---' : '--:'))
  const lines = [head, ruler, ...body].map((row) => `| ${row.join(' | ')} |`)
  return [`### ${title}`, '', ...lines, '', ...notes.flatMap((note) => [note, ''])].join('\n')
}
