import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'

const script = join(import.meta.dirname, '../../scripts/test.ts')

/** Runs the script in a folder with these files under test/, each with the usual imports. */
function runTests(t: TestContext, files: Record<string, string>, args: string[] = []) {
  const root = mkdtempSync(join(tmpdir(), 'test-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [name, body] of Object.entries(files)) {
    const file = join(root, 'test', name)
    mkdirSync(dirname(file), { recursive: true })
    const imports = `import assert from 'node:assert/strict'\nimport { describe, test } from 'node:test'\n`
    writeFileSync(file, imports + body)
  }
  // Else the script would take itself for a file of the run that this test is part of.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  return { status, stdout, last: stdout.trimEnd().split('\n').at(-1) }
}

describe('npm test', () => {
  test('counts the tests of all files, not their suites', (t) => {
    const { status, last } = runTests(t, {
      'a.test.ts': `describe('suite', () => { test('one', () => {}); test('two', () => {}) })`,
      'deep/b.test.ts': `test('three', () => assert.equal(process.env.NODE_ENV, 'test'))`,
      'support/helper.ts': `throw new Error('not a test')`,
    })
    assert.equal(last, '3 passed, 0 failed, 0 skipped')
    assert.equal(status, 0)
  })

  test('shows where a test failed, its titles and its diff, and counts no parent', (t) => {
    const { status, stdout, last } = runTests(t, {
      'a.test.ts': `describe('suite', () => test('one', () => assert.deepEqual({ a: 1 }, { a: 2 })))`,
    })
    assert.match(stdout, /^FAILED test\/a\.test\.ts:3 suite > one$/m)
    assert.match(stdout, /^ +\+ +a: 1$/m)
    assert.match(stdout, /^ +- +a: 2$/m)
    assert.equal(last, '0 passed, 1 failed, 0 skipped')
    assert.equal(status, 1)
  })

  test('shows what caused an error', (t) => {
    const { stdout } = runTests(t, {
      'a.test.ts': `test('one', () => { throw new Error('outer', { cause: new Error('inner') }) })`,
    })
    assert.match(stdout, /Error: outer\n.*\n +caused by Error: inner/)
  })

  test('a skipped suite is one line with its reason', (t) => {
    const { status, stdout, last } = runTests(t, {
      'a.test.ts': `test('one', () => {})
        describe('page', { skip: 'Chromium is missing' }, () => { test('two', () => {}); test('three', () => {}) })`,
    })
    assert.match(stdout, /^test\/a\.test\.ts: skipped 'page': Chromium is missing$/m)
    assert.equal(last, '1 passed, 0 failed, 1 skipped')
    assert.equal(status, 0)
  })

  for (const [what, body, why] of [
    ['a file that cannot be loaded', `throw new Error('broken')`, 'Its process ended with code 1.'],
    ['a file without a test', '', 'The file has no test.'],
    [
      'a process that fails after its tests',
      `test('one', () => {}); process.exitCode = 3`,
      'code 3',
    ],
  ] as const) {
    test(`${what} is a failure`, (t) => {
      const { status, stdout, last } = runTests(t, { 'a.test.ts': body })
      assert.ok(stdout.includes(why), stdout)
      assert.match(last!, /, 1 failed, /)
      assert.equal(status, 1)
    })
  }

  test('no test at all is a failure', (t) => {
    const { status, last } = runTests(t, { 'helper.ts': '' })
    assert.equal(last, '0 passed, 0 failed, 0 skipped')
    assert.equal(status, 1)
  })

  test('takes files and folders, and leaves some out', (t) => {
    const one = `test('one', () => {})`
    const files = { 'a.test.ts': one, 'b/c.test.ts': one, 'b/d.test.ts': one, 'bb.test.ts': one }
    assert.match(runTests(t, files, ['test/a.test.ts']).last!, /^1 passed/)
    assert.match(runTests(t, files, ['test/b']).last!, /^2 passed/)
    assert.match(runTests(t, files, ['--without', 'test/b']).last!, /^2 passed/)
    assert.match(
      runTests(t, files, ['--without', 'test/b', '--without', 'test/a.test.ts']).last!,
      /^1 /,
    )
  })
})
