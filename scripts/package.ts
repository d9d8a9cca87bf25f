// Looks at the package as its users get it: `npm run package`, with the paths of further `node`
// binaries that must be able to load it.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** What was planned; decisions/010 tells why it is missed. */
const BUDGET_KIB = 400
/** What it may not grow beyond. */
const CEILING_KIB = 730
const VERIFY_BUDGET_KIB = 8
/** Of a quiet machine: to be looked at, since others are slower. */
const IMPORT_BUDGET_MS = 20
const IMPORTS = 15
const CONTENT = /^(package\.json|README\.md|LICENSE|SECURITY\.md|dist\/.+\.(js|d\.ts))$/

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly bin: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const NEWEST_NODE_TYPES = '@types/node@26.6.6'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const folder = mkdtempSync(join(tmpdir(), `${manifest.name}-package-`))
try {
  const tarball = pack()
  run('publint', ['run', tarball, '--strict'])
  run('attw', [tarball, '--profile', 'esm-only'])
  const consumer = install(tarball)
  checkContent(join(consumer, 'node_modules', manifest.name))
  await checkVerifySize(consumer)
  tellImportTime(consumer)
  for (const node of [process.execPath, ...process.argv.slice(2)]) loadAll(resolve(node), consumer)
  run('tsc', ['-p', consumer])
  // Node's declarations of its newest release, which move and rename what ours may lean on.
  run('npm', ['install', '--no-audit', '--prefer-offline', NEWEST_NODE_TYPES], consumer)
  run('tsc', ['-p', consumer])
} finally {
  rmSync(folder, { recursive: true })
}

function pack(): string {
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder])
  return join(folder, readdirSync(folder)[0]!)
}

/** An app outside this project, with nothing but the package and the types a TypeScript app has. */
function install(tarball: string): string {
  const consumer = join(folder, 'consumer')
  cpSync('.ci/consumer', consumer, { recursive: true })
  const types = ['@types/node', '@types/express']
  const versions = types.map((type) => `${type}@${manifest.devDependencies[type]}`)
  run('npm', ['install', '--no-audit', '--prefer-offline', tarball, ...versions], consumer)
  return consumer
}

function checkContent(installed: string): void {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => statSync(join(installed, path)).isFile())
  const strangers = files.filter((file) => !CONTENT.test(file))
  if (strangers.length > 0) throw new Error(`must not be published: ${strangers.join(', ')}`)

  const sizes = files.map((file) => statSync(join(installed, file)).size)
  const kib = Math.ceil(sizes.reduce((sum, size) => sum + size) / 1024)
  const missed = kib > BUDGET_KIB ? `, ${kib - BUDGET_KIB} above the budget (decisions/010)` : ''
  console.log(`${files.length} files, ${kib} KiB installed${missed}`)
  if (kib > CEILING_KIB) throw new Error(`has grown beyond ${CEILING_KIB} KiB`)
}

/** What a service gets that bundles the verifier. */
async function checkVerifySize(consumer: string): Promise<void> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { createVerifier } from '${manifest.name}/verify'`,
      resolveDir: consumer,
    },
    bundle: true,
    minify: true,
    write: false,
    platform: 'neutral',
    format: 'esm',
  })
  const kib = gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1024
  const told = `${kib.toFixed(2)} of ${VERIFY_BUDGET_KIB} KiB`
  console.log(`${manifest.name}/verify: ${told}, bundled and compressed`)
  if (kib > VERIFY_BUDGET_KIB)
    throw new Error(`${manifest.name}/verify has grown beyond its budget`)
}

/** Each in a process of its own, in turn with a module that does nothing; fails for no slow machine. */
function tellImportTime(consumer: string): void {
  const express = `${manifest.name}/express`
  const times = Array.from({ length: IMPORTS }, () => {
    return {
      ours: importTime(express, consumer),
      empty: importTime('data:text/javascript,', consumer),
    }
  })
  const ours = middle(times.map((each) => each.ours))
  const empty = middle(times.map((each) => each.empty))
  const told = `${ours.toFixed(1)} of ${IMPORT_BUDGET_MS} ms, an empty module ${empty.toFixed(1)} ms`
  console.log(`import of ${express}: ${told}`)
}

function importTime(specifier: string, consumer: string): number {
  const program = `const start = performance.now()
await import('${specifier}')
console.log(performance.now() - start)`
  return Number(run(process.execPath, ['--input-type=module', '--eval', program], consumer))
}

function middle(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1]!
}

/** Every entry by require() and by import, and every command. */
function loadAll(node: string, consumer: string): void {
  const entries = Object.keys(manifest.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => entry.replace('.', manifest.name))
  const list = JSON.stringify(entries)
  run(node, ['--eval', `${list}.forEach((it) => require(it))`], consumer)
  run(node, ['--eval', `require('${manifest.name}/package.json')`], consumer)
  run(node, ['--eval', `Promise.all(${list}.map((it) => import(it)))`], consumer)
  for (const file of Object.values(manifest.bin)) {
    run(node, [join('node_modules', manifest.name, file), '--help'], consumer)
  }
  console.log(`${entries.length} entries load on Node ${run(node, ['--version'])}`)
}

/** Runs a command that is silent unless it fails, and returns what it printed. */
function run(command: string, args: string[], cwd = '.'): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout.trim()
  console.error(stdout, stderr)
  throw new Error(`${command} ${args.join(' ')} failed`, { cause: error })
}
