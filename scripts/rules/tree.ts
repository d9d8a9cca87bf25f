import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The text of files by their path from the root of the project, always with `/`. */
export type Tree = ReadonlyMap<string, string>

/** One broken rule; the message says what is wrong and what to do. */
export interface Violation {
  readonly file: string
  readonly line: number
  readonly message: string
}

export type Rule = (tree: Tree) => Iterable<Violation>

/** Reads what the rules look at: sources, documentation and the manifest. */
export function readTree(root: string): Tree {
  const paths = [
    ...filesUnder(root, 'src', /\.ts$/),
    ...filesUnder(root, 'docs', /\.md$/),
    'README.md',
    'package.json',
  ]
  const present = paths.filter((path) => existsSync(join(root, path)))
  return new Map(present.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

function filesUnder(root: string, folder: string, name: RegExp): string[] {
  if (!existsSync(join(root, folder))) return []
  const found = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return found
    .filter((path) => name.test(path))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .toSorted()
}

/** The sources, each with its path. */
export function sources(tree: Tree): [path: string, text: string][] {
  return [...tree].filter(([path]) => path.startsWith('src/'))
}

/** The line, from 1, on which the character at `index` stands. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, Math.max(index, 0)).split('\n').length
}
