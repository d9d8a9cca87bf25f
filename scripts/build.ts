// Emits src/ file by file into dist/: no bundler, so what is published is what was read and tested.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
if (existsSync('dist/cli/main.js')) chmodSync('dist/cli/main.js', 0o755)
