import { spawnSync } from 'node:child_process'
import type { Start } from './checker.ts'
import type { Language } from './language.ts'

function run(file: string): (folder: string) => Start {
  return (folder) => ({ command: 'ruby', args: ['-W0', file], cwd: folder })
}

export const rubyPage: Language = {
  name: 'Ruby',
  page: 'ruby',
  isInstalled: () => version() !== '' && answers('require "webrick"') === '',
  verifiers: [
    {
      name: 'ruby-jwt',
      version,
      ofSystem: true,
      accepts: ['ES256', 'RS256', 'HS256'],
      start: run('check.rb'),
      checkers: ['check.rb'],
    },
  ],
  services: [
    { name: 'Rack', verifier: 'ruby-jwt', start: run('serve.rb'), checkers: ['serve.rb'] },
  ],
}

function version(): string {
  return answers('require "jwt"; print JWT.gem_version') ?? ''
}

/** What a program prints; undefined if it fails, or without Ruby. */
function answers(program: string): string | undefined {
  const { status, stdout } = spawnSync('ruby', ['-e', program], { encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}
