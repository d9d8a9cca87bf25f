// Runs the tests: `npm test`, or `npm test -- test/token` for a folder or a file of them;
// `--without test/demo` leaves some out.
import { globSync, statSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { report } from './test-report.ts'

// The machine has two cores, and the tests start servers and databases.
const CONCURRENCY = 2
const TIMEOUT_MS = 60_000 * Number(process.env['TEST_TIMEOUT_MINUTES'] ?? 10)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { without: { type: 'string', multiple: true, default: [] } },
})
const paths = positionals.length > 0 ? positionals : ['test']
const files = paths
  .flatMap((path) => testFiles(path))
  .filter((file) => !values.without.some((path) => isWithin(file, path)))

process.env.NODE_ENV = 'test'
const counts = await report(run({ files, concurrency: CONCURRENCY, timeout: TIMEOUT_MS }), (text) =>
  process.stdout.write(text),
)
if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)

function testFiles(path: string): string[] {
  return statSync(path).isDirectory()
    ? globSync(`${path}/**/*.test.ts`, { exclude: ['**/fixtures/**'] }).toSorted()
    : [path]
}

function isWithin(file: string, folder: string): boolean {
  return !relative(folder, file).startsWith(`..${sep}`)
}
