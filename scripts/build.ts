// Emits src/ file by file into dist/: no bundler, so what is published is what was read and tested.
// Comments go into the declarations, where editors show them, and not into the code as well.
import { spawnSync } from 'node:child_process'
import { chmodSync, globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>
}

rmSync('dist', { recursive: true, force: true })
compile('--emitDeclarationOnly')
compile('--declaration', 'false', '--isolatedDeclarations', 'false', '--removeComments')
chmodSync('dist/cli/main.js', 0o755)
removeUnreached(declarationsOfEntries())
// As readable as src/, and an eighth smaller than what the compiler indents by four spaces.
// .gitignore names dist: another file without patterns takes its place.
const files = globSync('dist/**/*.{js,d.ts}')
run('oxfmt', ['--config', 'scripts/dist.oxfmtrc.json', '--ignore-path', 'LICENSE', ...files])

function compile(...options: string[]): void {
  for (const program of ['tsconfig.build.json', 'src/express-session/tsconfig.build.json']) {
    run('tsc', ['-p', program, ...options])
  }
}

function run(command: string, args: string[]): void {
  const shell = process.platform === 'win32'
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell })
  if (status !== 0) process.exit(1)
}

/** The declarations that an editor can come to from what users import. */
function declarationsOfEntries(): Set<string> {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(
      /(?:from|import)\s*\(?'(\.[^']+)'/g,
    )) {
      visit(join(dirname(file), (path as string).replace(/\.(?:ts|js)$/, '.d.ts')))
    }
  }
  for (const entry of Object.values(exports)) {
    if (typeof entry === 'object') visit(join(entry.types))
  }
  return reached
}

function removeUnreached(reached: Set<string>): void {
  for (const file of globSync('dist/**/*.d.ts')) if (!reached.has(file)) rmSync(file)
}
