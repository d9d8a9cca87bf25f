import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { listen } from '../adapters/serving.ts'

// Playwright's types are those of browsers, which this program has not.
const { CHROMIUM_OPTIONS, chromiumNeeded } = createRequire(import.meta.url)('../demo/chromium.ts')

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/testing.md'), 'utf8')
const programs = [...page.matchAll(/```ts\n\/\/ ([\w.]+)\n(.*?)```/gs)]

describe('docs/testing.md', () => {
  let folder: string

  before(async () => {
    // Inside the project, so that 'symbolon' and the rest are found as an app finds them.
    mkdirSync(join(root, '.cache'), { recursive: true })
    folder = mkdtempSync(join(root, '.cache/testing-'))
    const free = await listen(() => {})
    await free.close()
    const { port } = new URL(free.url)
    const here = `chromium.launch(${JSON.stringify(CHROMIUM_OPTIONS)})`
    for (const [, name, text] of programs) {
      const program = text!
        .replace("'playwright'", "'playwright-core'")
        .replace('chromium.launch()', here)
        .replaceAll('3000', port)
      writeFileSync(join(folder, name!), program)
    }
  })
  after(() => rmSync(folder, { recursive: true }))

  function run(file: string, NODE_ENV: string | undefined): { status: number; output: string } {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', join(folder, file)], {
      env: { ...env, NODE_ENV },
      encoding: 'utf8',
    })
    return { status: status ?? -1, output: stdout + stderr }
  }

  test('its tests pass', () => {
    const { status, output } = run('app.test.ts', 'test')
    assert.match(output, /^. pass 3$/m)
    assert.equal(status, 0)
  })

  test('without NODE_ENV they say what to do', () => {
    const { status, output } = run('app.test.ts', undefined)
    assert.equal(status, 1)
    assert.match(output, /NODE_ENV=test/)
  })

  test('its test in a browser passes', chromiumNeeded(), () => {
    const { status, output } = run('browser.test.ts', 'test')
    assert.match(output, /^. pass 1$/m)
    assert.equal(status, 0)
  })

  test('its programs compile', () => {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'],
        // As published: the sources know no browser.
        paths: {},
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      include: [join(folder, '*.ts')],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'pipe' })
  })
})
