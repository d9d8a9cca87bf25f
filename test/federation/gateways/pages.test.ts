import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { GATEWAYS, gatewayCommand } from '../../../src/cli/gateway.ts'
import type { GatewayName } from '../../support/gateways.ts'
import { expectedOf, GATEWAYS as MODES } from './case.ts'
import { ALL } from './cases.ts'

const folder = join(import.meta.dirname, '../../../docs/federation')

function page(name: string): string {
  return readFileSync(join(folder, `${name}.md`), 'utf8')
}

describe('the pages on gateways', () => {
  for (const name of Object.keys(GATEWAYS.run)) {
    test(`docs/federation/${name}.md shows what the command prints`, () => shows(page(name), name))
  }

  test('docs/federation/not-run.md shows the others, each marked', () => {
    const text = page('not-run')
    for (const name of Object.keys(GATEWAYS.notRun)) {
      shows(text, name)
      assert.match(
        gatewayCommand.run([name]),
        /^# Written from its documentation; our tests do not/,
      )
    }
  })

  test('docs/federation/gateways.md shows what gateways.test.ts sees', () => {
    assert.ok(page('gateways').includes(matrix()), `the table should be:\n\n${matrix()}`)
  })
})

test('docs/federation.md leads to pages that exist, those of all gateways among them', () => {
  const text = readFileSync(join(folder, '../federation.md'), 'utf8')
  const links = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, link]) => link as string)
  for (const link of links) assert.ok(existsSync(join(folder, '..', link)), link)
  for (const name of [...Object.keys(GATEWAYS.run), 'gateways', 'not-run']) {
    assert.ok(links.includes(`federation/${name}.md`), name)
  }
})

function shows(text: string, name: string): void {
  const printed = gatewayCommand.run([name])
  assert.ok(text.includes(`\n${printed}\`\`\``), `it should show:\n\n${printed}`)
}

function matrix(): string {
  const names = Object.keys(MODES) as GatewayName[]
  const rows = [
    ['', ...names],
    ['---', ...names.map(() => '---')],
    ...ALL.map((it) => [it.name, ...names.map((name) => expectedOf(it, name))]),
  ]
  return rows.map((row) => `| ${row.join(' | ')} |\n`).join('')
}
