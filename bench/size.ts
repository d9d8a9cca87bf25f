import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface SizeScale {
  readonly repetitions: number
}

export interface SizeResult {
  /** Of all files that are installed, in KiB. */
  readonly installed: number
  /** Of what a service gets that bundles `createVerifier`, compressed, in KiB. */
  readonly verify: number
  /** What the first import of symbolon/express takes in a process of its own, in ms, again and again. */
  readonly importing: readonly number[]
}

const root = fileURLToPath(new URL('..', import.meta.url))

const IMPORT = `const start = performance.now()
await import('symbolon/express')
console.log(performance.now() - start)`

export async function measureSize({ repetitions }: SizeScale): Promise<SizeResult> {
  return {
    installed: installedSize(),
    verify: await verifySize(),
    importing: Array.from({ length: repetitions }, importTime),
  }
}

function installedSize(): number {
  const command = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const told = execFileSync('npm', command, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  // npm 12 names the package, npm 11 makes a list.
  const [pack] = Object.values(JSON.parse(told) as Record<string, { unpackedSize: number }>)
  return pack!.unpackedSize / 1024
}

async function verifySize(): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export { createVerifier } from 'symbolon/verify'`, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    platform: 'neutral',
    format: 'esm',
  })
  return gzipSync(outputFiles[0]!.contents).length / 1024
}

function importTime(): number {
  const values = ['--input-type=module', '--eval', IMPORT]
  return Number(execFileSync(process.execPath, values, { cwd: root, encoding: 'utf8' }))
}
