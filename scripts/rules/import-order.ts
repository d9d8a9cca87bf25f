import { importsOf } from './imports.ts'
import { sources, type Tree, type Violation } from './tree.ts'

/** The groups of src/, from the ground up: a file imports from its own group and those before it. */
const GROUPS = [
  ['errors.ts', 'duration.ts', 'events.ts', 'session-names.ts'],
  ['token/'],
  ['verify/'],
  ['session/', 'register.ts'],
  ['stores/'],
  ['well-known/'],
  ['create-options.ts', 'sessions.ts'],
  ['adapters/', 'index.ts'],
  ['express-session/'],
  ['django/', 'migrate/'],
  ['testing/', 'cli/'],
]

export function* importOrder(tree: Tree): Generator<Violation> {
  for (const [file] of sources(tree)) {
    if (groupOf(file) === -1) {
      const message = 'belongs to no group: move it into a folder of scripts/rules/import-order.ts'
      yield { file, line: 1, message }
    }
  }
  for (const { file, line, target } of importsOf(tree)) {
    if (target !== undefined && groupOf(target) > groupOf(file)) {
      const message = `imports ${target}, which stands above it: turn the dependency around`
      yield { file, line, message }
    }
  }
}

function groupOf(file: string): number {
  return GROUPS.findIndex((group) =>
    group.some((start) =>
      start.endsWith('/') ? file.startsWith(`src/${start}`) : file === `src/${start}`,
    ),
  )
}
