import type { Algorithm } from '../../../src/token/key.ts'

/** What one verifier was seen to do. */
export interface Seen {
  readonly language: string
  readonly name: string
  readonly version: string
  readonly accepted: readonly Algorithm[]
  /** Where that is not what is said of it. */
  readonly mistakes: readonly string[]
}

export const COLUMNS: readonly Algorithm[] = ['ES256', 'RS256', 'EdDSA', 'HS256']

export function rowOf({ language, name, version, accepted }: Seen): string {
  const cells = COLUMNS.map((alg) => (accepted.includes(alg) ? 'ok' : '–'))
  return `| ${[language, name, version, ...cells].join(' | ')} |`
}

/** What the page says of this verifier. */
export function rowAbout(
  { language, name }: Pick<Seen, 'language' | 'name'>,
  page: string,
): string {
  return rowsOf(page).find((row) => row.startsWith(`| ${language} | ${name} |`)) ?? ''
}

export function versionIn(row: string): string {
  return row.split(' | ')[2] ?? ''
}

export function rowsOf(page: string): string[] {
  return page.split('\n').filter((line) => line.startsWith('| '))
}

/** The page with these rows for its table's. */
export function withRows(page: string, rows: readonly string[]): string {
  const lines = page.split('\n')
  const first = lines.findIndex((line) => line.startsWith('|---')) + 1
  const end = lines.findIndex((line, at) => at >= first && !line.startsWith('| '))
  return [...lines.slice(0, first), ...rows, ...lines.slice(end)].join('\n')
}
