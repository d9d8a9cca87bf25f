import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/**
 * A project that uses the package as published, installed by npm outside of the sources; installed
 * again only when its package.json has changed.
 *
 * @param name a folder of test/fixtures
 * @returns where it lies
 */
export function installedFixture(name: string): string {
  const source = join(root, 'test/fixtures', name)
  const folder = join(root, '.cache/fixtures', name)
  mkdirSync(folder, { recursive: true })
  const manifest = readFileSync(join(source, 'package.json'), 'utf8')
  const mark = join(folder, 'node_modules/.installed')
  const installed = existsSync(mark) && readFileSync(mark, 'utf8') === manifest
  cpSync(source, folder, { recursive: true })
  if (!installed) {
    npm(folder, 'install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts')
    writeFileSync(mark, manifest)
  }
  unpackOurs(folder)
  return folder
}

function unpackOurs(folder: string): void {
  const target = join(folder, 'node_modules/symbolon')
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const packed = npm(root, 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder)
  const tarball = join(folder, packed.trim().split('\n').at(-1) ?? '')
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
  rmSync(tarball)
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
