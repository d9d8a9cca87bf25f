import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Language, type Verifier, installed } from './language.ts'

const toolchains = join(import.meta.dirname, 'toolchains')

/** Compiled together with a main of its own. */
function withMain(name: string): Pick<Verifier, 'start' | 'checkers'> {
  return {
    start: (folder) => {
      execFileSync('go', ['build', '-buildvcs=false', '-ldflags=-s -w', '-o', 'program', '.'], {
        cwd: folder,
        stdio: 'pipe',
      })
      return { command: join(folder, 'program'), args: [], cwd: folder }
    },
    checkers: [`go/${name}/main.go`, '../toolchains/go.mod', '../toolchains/go.sum'],
  }
}

export const goPage: Language = {
  name: 'Go',
  page: 'go',
  isInstalled: () => existsSync(join(installed, 'go.mod.done')),
  verifiers: [
    {
      name: 'golang-jwt',
      version: () => versionOf('golang-jwt/jwt/v5'),
      accepts: ['ES256', 'RS256', 'EdDSA', 'HS256'],
      ...withMain('check'),
    },
    {
      name: 'go-jose',
      version: () => versionOf('go-jose/go-jose/v4'),
      accepts: ['ES256', 'RS256', 'EdDSA', 'HS256'],
      ...withMain('check'),
    },
  ],
  services: [{ name: 'net/http', verifier: 'golang-jwt', ...withMain('serve') }],
  revocations: {
    name: 'Logouts within a second',
    verifier: 'golang-jwt',
    ...withMain('revocations'),
  },
}

function versionOf(name: string): string {
  const text = readFileSync(join(toolchains, 'go.mod'), 'utf8')
  return new RegExp(`${name} v(\\S+)`).exec(text)?.[1] ?? ''
}
