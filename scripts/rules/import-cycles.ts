import { importsOf, type Import } from './imports.ts'
import type { Tree, Violation } from './tree.ts'

/** Files that import each other can only be understood together; types count too. */
export function* importCycles(tree: Tree): Generator<Violation> {
  const imports = Map.groupBy(importsOf(tree), ({ file }) => file)
  const done = new Set<string>()
  for (const file of imports.keys()) yield* follow(file, [], imports, done)
}

function* follow(
  file: string,
  path: readonly string[],
  imports: ReadonlyMap<string, readonly Import[]>,
  done: Set<string>,
): Generator<Violation> {
  if (done.has(file)) return
  const walked = [...path, file]
  for (const { line, target } of imports.get(file) ?? []) {
    if (target === undefined) continue
    const start = walked.indexOf(target)
    if (start === -1) {
      yield* follow(target, walked, imports, done)
    } else {
      const cycle = [...walked.slice(start), target].join(' → ')
      yield { file, line, message: `closes the cycle ${cycle}: move what both need into a third` }
    }
  }
  done.add(file)
}
