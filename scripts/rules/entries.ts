import { lineAt, type Tree, type Violation } from './tree.ts'

type Target = string | { readonly types?: string; readonly default?: string }

interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, Target>>
  readonly bin?: Readonly<Record<string, string>>
}

/** What can be imported, what exists and what the documentation names are the same. */
export function* entries(tree: Tree): Generator<Violation> {
  const text = tree.get('package.json') ?? '{}'
  const manifest = JSON.parse(text) as Manifest
  const exported = Object.entries(manifest.exports ?? {}).filter(([it]) => it !== './package.json')

  for (const [entry, target] of exported) {
    const at = { file: 'package.json', line: lineAt(text, text.indexOf(`"${entry}":`)) }
    yield* brokenTarget(tree, entry, target).map((message) => ({ ...at, message }))
    const specifier = specifierOf(manifest.name, entry)
    if (!namedIn(tree.get('README.md') ?? '', specifier)) {
      yield { ...at, message: `exports ${specifier}, which README.md does not name: describe it` }
    }
  }
  for (const target of Object.values(manifest.bin ?? {})) {
    if (tree.has(sourceOf(target))) continue
    const message = `has a bin made of ${sourceOf(target)}, which is missing: write or remove it`
    yield { file: 'package.json', line: lineAt(text, text.indexOf('"bin"')), message }
  }
  const known = new Set(exported.map(([entry]) => specifierOf(manifest.name, entry)))
  known.add(`${manifest.name}/package.json`)
  yield* unknownNames(tree, manifest.name, known)
}

function brokenTarget(tree: Tree, entry: string, target: Target): string[] {
  if (typeof target === 'string' || target.default === undefined || target.types === undefined) {
    return [`gives ${entry} no types or no default: add both`]
  }
  if (target.types !== target.default.replace(/\.js$/, '.d.ts')) {
    return [`gives ${entry} types of another file: name the .d.ts beside ${target.default}`]
  }
  const source = sourceOf(target.default)
  return tree.has(source) ? [] : [`exports ${entry} from ${source}, which is missing`]
}

/** Subpaths in documentation and in the examples of comments that nobody could import. */
function* unknownNames(tree: Tree, name: string, known: ReadonlySet<string>): Generator<Violation> {
  const subpath = new RegExp(String.raw`(?<![\w@/.-])${name}(?:/[a-z][\w-]*(?:\.\w+)?)+`, 'g')
  for (const [file, text] of tree) {
    if (file === 'package.json') continue
    for (const match of text.matchAll(subpath)) {
      if (known.has(match[0])) continue
      const message = `names ${match[0]}, which package.json does not export: correct one of them`
      yield { file, line: lineAt(text, match.index), message }
    }
  }
}

function specifierOf(name: string, entry: string): string {
  return entry.replace('.', name)
}

function sourceOf(target: string): string {
  return target.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
}

function namedIn(text: string, specifier: string): boolean {
  return new RegExp(String.raw`['"\`]${specifier}['"\`]`).test(text)
}
