import { sources, type Tree, type Violation } from './tree.ts'

const FILE_LINES = 250
const ADAPTER_LINES = 100

/** The one hard part of the adapters: holding back the response head. */
const LONG_ADAPTERS = ['src/adapters/response-head.ts', 'src/adapters/head-changes.ts']

export function* fileSizes(tree: Tree): Generator<Violation> {
  for (const [file, text] of sources(tree)) {
    const lines = text.split('\n').length - 1
    const limit = limitOf(file)
    if (lines > limit) {
      const message = `has ${lines} lines where ${limit} are allowed: split it by concept`
      yield { file, line: limit + 1, message }
    }
  }
}

function limitOf(file: string): number {
  const short = file.startsWith('src/adapters/') && !LONG_ADAPTERS.includes(file)
  return short ? ADAPTER_LINES : FILE_LINES
}
