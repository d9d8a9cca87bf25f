import { importsOf } from './imports.ts'
import type { Tree, Violation } from './tree.ts'

/** The verifier runs in any runtime, and so does what it shares with the app. */
const PURE = [
  'src/errors.ts',
  'src/duration.ts',
  'src/token/compact.ts',
  'src/token/claims.ts',
  'src/token/claim-values.ts',
  'src/token/cookie-values.ts',
  'src/token/fields.ts',
  'src/token/field-types.ts',
  'src/token/jwk.ts',
  'src/token/key-text.ts',
  'src/token/verified-tokens.ts',
  'src/verify/',
]

export function* pureFiles(tree: Tree): Generator<Violation> {
  for (const { file, line, specifier, target } of importsOf(tree)) {
    if (!isPure(file) || (target !== undefined && isPure(target))) continue
    const message = `imports ${specifier}, but must run outside Node: only pure files may be imported (scripts/rules/pure-files.ts)`
    yield { file, line, message }
  }
}

function isPure(file: string): boolean {
  return PURE.some((start) => (start.endsWith('/') ? file.startsWith(start) : file === start))
}
