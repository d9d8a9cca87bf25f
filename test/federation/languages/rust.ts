import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Language, type Verifier, installed } from './language.ts'

const manifest = join(import.meta.dirname, 'toolchains/rust/Cargo.toml')

/** Where what they depend on is compiled once for all. */
const target = join(installed, 'rust')

/** Compiled together with a main of its own. */
function withMain(name: string): Pick<Verifier, 'start' | 'checkers'> {
  return {
    start: (folder) => {
      const env = { ...process.env, CARGO_TARGET_DIR: target }
      execFileSync('cargo', ['build', '-q', '--offline'], { cwd: folder, env, stdio: 'pipe' })
      copyFileSync(join(target, 'debug/service'), join(folder, 'program'))
      return { command: join(folder, 'program'), args: [], cwd: folder }
    },
    checkers: [
      `rust/${name}/main.rs`,
      '../toolchains/rust/Cargo.toml',
      '../toolchains/rust/Cargo.lock',
    ],
  }
}

export const rustPage: Language = {
  name: 'Rust',
  page: 'rust',
  isInstalled: () => existsSync(join(installed, 'Cargo.toml.done')),
  verifiers: [
    {
      name: 'jsonwebtoken',
      version: () => /jsonwebtoken.*"=(.*?)"/.exec(readFileSync(manifest, 'utf8'))?.[1] ?? '',
      accepts: ['ES256', 'RS256', 'EdDSA', 'HS256'],
      ...withMain('check'),
    },
  ],
  services: [{ name: 'tiny_http', verifier: 'jsonwebtoken', ...withMain('serve') }],
}
