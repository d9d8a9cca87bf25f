import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** What a built `.d.ts` file exports. */
export interface Exported {
  readonly name: string
  readonly kind: 'value' | 'type'
  /** Whether a comment stands before its declaration. */
  readonly documented: boolean
}

const LIST = /^(import|export) (type )?\{([^}]*)\}(?: from '([^']+)')?;?$/gm
const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:function|const|class|interface|type) (\w+)/gm

/** The exports of a file, as its text says them: where something is declared is looked up. */
export function exportsOf(file: string): Exported[] {
  const text = readFileSync(file, 'utf8')
  // A function with overloads is declared several times.
  const declared = [...new Set(Array.from(text.matchAll(DECLARATION), (match) => match[1]!))]
  const listed = listedNames(text).filter(({ statement }) => statement === 'export')
  return [
    ...declared.map((name) => ({ name, ...find(file, name) })),
    ...listed.map(({ name, original, typeOnly }) => {
      const found = find(file, original)
      return { ...found, name, kind: typeOnly ? 'type' : found.kind }
    }),
  ]
}

function find(file: string, name: string): Omit<Exported, 'name'> {
  const text = readFileSync(file, 'utf8')
  const declaration = new RegExp(
    String.raw`^(?:export )?(?:declare )?(?:abstract )?(function|const|class|interface|type) ${name}\b`,
    'm',
  ).exec(text)
  if (declaration !== null) {
    const kind = /interface|type/.test(declaration[1]!) ? 'type' : 'value'
    return { kind, documented: text.slice(0, declaration.index).trimEnd().endsWith('*/') }
  }
  const source = listedNames(text).find((it) => it.from !== undefined && it.name === name)
  if (source?.from === undefined) throw new Error(`${file} exports ${name}, but never declares it`)
  return find(resolve(file, '..', source.from.replace(/\.[jt]s$/, '.d.ts')), source.original)
}

/** The names in `{ … }` of imports and exports: `type a as b` is b, originally a. */
function listedNames(text: string) {
  return [...text.matchAll(LIST)].flatMap(([, statement, type, list, from]) =>
    list!
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => {
        const typeOnly = type !== undefined || item.startsWith('type ')
        const [original, name = original] = item.replace(/^type |'/g, '').split(' as ')
        return { statement, name: name!, original: original!, typeOnly, from }
      }),
  )
}
