import { posix } from 'node:path'
import { lineAt, sources, type Tree } from './tree.ts'

export interface Import {
  readonly file: string
  readonly line: number
  /** As written: `./errors.ts`, `node:crypto`, `express`. */
  readonly specifier: string
  /** The imported file's path from the root, if the specifier is relative. */
  readonly target: string | undefined
}

// As the formatter lays a statement out: it, or its closing brace, begins in the first column,
// which tells it from the examples in comments.
const STATEMENT = /^(?:(?:import|export)\b.* from|\} from|import) '([^']+)'/gm
const CALL = /^(?!\s*(?:\*|\/\/)).*?\bimport\(\s*'([^']+)'/gm

/** Every import and re-export of the sources: of values and of types, and by `import()`. */
export function importsOf(tree: Tree): Import[] {
  return sources(tree).flatMap(([file, text]) =>
    [...text.matchAll(STATEMENT), ...text.matchAll(CALL)].map((match) => {
      const specifier = match[1]!
      const relative = specifier.startsWith('.')
      const target = relative ? posix.join(posix.dirname(file), specifier) : undefined
      return { file, line: lineAt(text, match.index), specifier, target }
    }),
  )
}
