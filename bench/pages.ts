import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Puts something new between the marks of a page; everything else on it stays.
 *
 * @throws Error without such marks
 */
export function replaceIn(path: string, name: string, content: string): void {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const text = readFileSync(path, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${path} has no ${begin} … ${end} to write between`)
  const before = text.slice(0, from + begin.length)
  writeFileSync(path, `${before}\n\n${content.trim()}\n\n${text.slice(to)}`)
}

/** @param path from the root of the repository */
export function fileOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}
