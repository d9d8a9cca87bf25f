// Emits src/ file by file into dist/: no bundler, so what is published is what was read and tested.
// Comments go into the declarations, where editors show them, and not into the code as well.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
compile('--emitDeclarationOnly')
compile('--declaration', 'false', '--isolatedDeclarations', 'false', '--removeComments')
chmodSync('dist/cli/main.js', 0o755)

function compile(...options: string[]): void {
  for (const program of ['tsconfig.build.json', 'src/express-session/tsconfig.build.json']) {
    const { status } = spawnSync('tsc', ['-p', program, ...options], {
      stdio: 'inherit',
      shell: process.platform === 'win32',
    })
    if (status !== 0) process.exit(1)
  }
}
