import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { dependencies } from '../../scripts/rules/dependencies.ts'
import { entries } from '../../scripts/rules/entries.ts'
import { fileSizes } from '../../scripts/rules/file-sizes.ts'
import { importCycles } from '../../scripts/rules/import-cycles.ts'
import { importOrder } from '../../scripts/rules/import-order.ts'
import { pureFiles } from '../../scripts/rules/pure-files.ts'
import type { Rule } from '../../scripts/rules/tree.ts'

/** What a rule says of a project with these files: one `file:line message` each. */
function broken(rule: Rule, files: Record<string, string>): string[] {
  const violations = [...rule(new Map(Object.entries(files)))]
  return violations.map(({ file, line, message }) => `${file}:${line} ${message}`)
}

function lines(count: number): string {
  return 'line\n'.repeat(count)
}

describe('import order', () => {
  test('a file imports from its own group and from those below', () => {
    const files = {
      'src/errors.ts': '',
      'src/token/key.ts': `import { SessionError } from '../errors.ts'\nimport './signing.ts'\n`,
      'src/token/signing.ts': `import { hash } from 'node:crypto'\n`,
      'src/index.ts': `export { node } from './adapters/node.ts'\n`,
      'src/adapters/node.ts': `export type { Key } from '../token/key.ts'\n`,
    }
    assert.deepEqual(broken(importOrder, files), [])
  })

  test('an import from above is refused, of a value, of a type, and over several lines', () => {
    const files = {
      'src/token/key.ts': [
        `import { open } from '../session/open.ts'`,
        `import type { Store } from '../session/record.ts'`,
        `import {`,
        `  sqlite,`,
        `} from '../stores/sqlite.ts'`,
        `export * from '../sessions.ts'`,
        `const later = await import('../cli/main.ts')`,
        ``,
      ].join('\n'),
    }
    assert.deepEqual(
      broken(importOrder, files).map((it) => it.split(',')[0]),
      [
        'src/token/key.ts:1 imports src/session/open.ts',
        'src/token/key.ts:2 imports src/session/record.ts',
        'src/token/key.ts:5 imports src/stores/sqlite.ts',
        'src/token/key.ts:6 imports src/sessions.ts',
        'src/token/key.ts:7 imports src/cli/main.ts',
      ],
    )
  })

  test('an example in a comment is not an import', () => {
    const files = {
      'src/token/key.ts': [
        `/**`,
        ` * import { open } from '../session/open.ts'`,
        ` * const it = await import('../session/open.ts')`,
        ` */`,
        `// import('../session/open.ts')`,
        ``,
      ].join('\n'),
    }
    assert.deepEqual(broken(importOrder, files), [])
  })

  test('a file outside the groups is refused', () => {
    const found = broken(importOrder, { 'src/helpers.ts': '', 'src/utils/text.ts': '' })
    assert.equal(found.length, 2)
    assert.match(found[0]!, /^src\/helpers\.ts:1 belongs to no group/)
  })
})

describe('import cycles', () => {
  test('a chain and a diamond are not cycles', () => {
    const files = {
      'src/a.ts': `import './b.ts'\nimport './c.ts'\n`,
      'src/b.ts': `import './d.ts'\n`,
      'src/c.ts': `import './d.ts'\n`,
      'src/d.ts': '',
    }
    assert.deepEqual(broken(importCycles, files), [])
  })

  test('a cycle is told once, with the files on it and not those before it', () => {
    const files = {
      'src/a.ts': `import './b.ts'\n`,
      'src/b.ts': `import { c } from './c.ts'\n`,
      'src/c.ts': `\nimport type { B } from './b.ts'\n`,
    }
    assert.deepEqual(broken(importCycles, files), [
      'src/c.ts:2 closes the cycle src/b.ts → src/c.ts → src/b.ts: move what both need into a third',
    ])
  })

  test('a file that imports itself is a cycle', () => {
    assert.equal(broken(importCycles, { 'src/a.ts': `import './a.ts'\n` }).length, 1)
  })
})

describe('pure files', () => {
  test('the verifier sees the pure files of token/ and the errors', () => {
    const files = {
      'src/verify/verifier.ts': `import '../errors.ts'\nimport '../token/claims.ts'\nimport './keys.ts'\n`,
      'src/token/claims.ts': `import '../errors.ts'\n`,
      'src/token/key.ts': `import 'node:crypto'\n`,
    }
    assert.deepEqual(broken(pureFiles, files), [])
  })

  test('they import nothing of Node, no package and no other file', () => {
    const files = {
      'src/verify/verifier.ts': `import '../token/token.ts'\nimport type { A } from 'node:http'\n`,
      'src/token/compact.ts': `import { b } from 'buffer'\n`,
    }
    const found = broken(pureFiles, files)
    assert.deepEqual(
      found.map((it) => it.split(',')[0]),
      [
        'src/verify/verifier.ts:1 imports ../token/token.ts',
        'src/verify/verifier.ts:2 imports node:http',
        'src/token/compact.ts:1 imports buffer',
      ],
    )
  })
})

describe('file sizes', () => {
  test('250 lines, and 100 for an adapter, are allowed', () => {
    const files = {
      'src/session/open.ts': lines(250),
      'src/adapters/express.ts': lines(100),
      'src/adapters/response-head.ts': lines(250),
    }
    assert.deepEqual(broken(fileSizes, files), [])
  })

  test('one line more is refused', () => {
    const files = {
      'src/session/open.ts': lines(251),
      'src/adapters/express.ts': lines(101),
      'src/adapters/response-head.ts': lines(251),
      'README.md': lines(500),
    }
    assert.deepEqual(broken(fileSizes, files), [
      'src/session/open.ts:251 has 251 lines where 250 are allowed: split it by concept',
      'src/adapters/express.ts:101 has 101 lines where 100 are allowed: split it by concept',
      'src/adapters/response-head.ts:251 has 251 lines where 250 are allowed: split it by concept',
    ])
  })
})

describe('entries', () => {
  const manifest = (exports: object, more = {}) =>
    JSON.stringify({ name: 'symbolon', exports, ...more }, undefined, 2)
  const entry = (file: string) => ({ types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` })
  const complete = {
    'package.json': manifest(
      {
        '.': entry('index'),
        './stores/memory': entry('stores/memory'),
        './package.json': './package.json',
      },
      { bin: { symbolon: './dist/cli/main.js' } },
    ),
    'README.md': `import { a } from 'symbolon'\nimport { b } from 'symbolon/stores/memory'\n`,
    'docs/guide.md': `See https://host.example/symbolon/tree and \`symbolon/stores/memory\`.\n`,
    'src/index.ts': `/** import { a } from 'symbolon' and 'symbolon/package.json' */\n`,
    'src/stores/memory.ts': '',
    'src/cli/main.ts': '',
  }

  test('exports, files and documentation that agree', () => {
    assert.deepEqual(broken(entries, complete), [])
  })

  test('an entry without its source', () => {
    const { 'src/stores/memory.ts': _, ...files } = complete
    assert.deepEqual(broken(entries, files), [
      'package.json:8 exports ./stores/memory from src/stores/memory.ts, which is missing',
    ])
  })

  test('a bin without its source', () => {
    const { 'src/cli/main.ts': _, ...files } = complete
    assert.match(
      broken(entries, files)[0]!,
      /^package\.json:14 has a bin made of src\/cli\/main\.ts/,
    )
  })

  test('an entry that README.md does not name', () => {
    const files = { ...complete, 'README.md': `import { a } from 'symbolon'\n` }
    assert.deepEqual(broken(entries, files), [
      'package.json:8 exports symbolon/stores/memory, which README.md does not name: describe it',
    ])
  })

  test('an entry whose types are those of another file, or missing', () => {
    const other = { ...entry('index'), types: './dist/other.d.ts' }
    for (const target of [other, { default: './dist/index.js' }, './dist/index.js']) {
      const files = {
        ...complete,
        'package.json': manifest({ '.': target }),
        'README.md': `'symbolon'`,
      }
      assert.match(
        broken(entries, files)[0]!,
        /^package\.json:4 gives \. (no types|types of another)/,
      )
    }
  })

  for (const file of ['README.md', 'docs/guide.md', 'src/index.ts'] as const) {
    test(`a subpath named in ${file} that nobody can import`, () => {
      const files = { ...complete, [file]: `${complete[file]}as 'symbolon/stores/redis' does\n` }
      const line = complete[file].split('\n').length
      assert.deepEqual(broken(entries, files), [
        `${file}:${line} names symbolon/stores/redis, which package.json does not export: correct one of them`,
      ])
    })
  }
})

describe('dependencies', () => {
  const source = `import 'node:crypto'\nimport './errors.ts'\n`

  test('Node, the own files and peers may be imported', () => {
    const manifest = JSON.stringify({ peerDependencies: { express: '5', '@scope/name': '1' } })
    const peers = `import 'express'\nimport '@scope/name/deep'\n`
    const files = { 'package.json': manifest, 'src/index.ts': source + peers }
    assert.deepEqual(broken(dependencies, files), [])
  })

  test('a package that users do not have is refused, even for its types', () => {
    const manifest = JSON.stringify({ devDependencies: { express: '5' } })
    const types = `import type { Request } from 'express'\n`
    const files = { 'package.json': manifest, 'src/index.ts': source + types }
    assert.match(broken(dependencies, files)[0]!, /^src\/index\.ts:3 imports express/)
  })

  for (const kind of ['dependencies', 'optionalDependencies', 'bundleDependencies']) {
    test(`${kind} are refused`, () => {
      const files = { 'package.json': `{\n  "${kind}": {}\n}\n` }
      assert.match(broken(dependencies, files)[0]!, new RegExp(`^package\\.json:2 has ${kind}`))
    })
  }
})

describe('the script', () => {
  const script = join(import.meta.dirname, '../../scripts/check.ts')
  const check = (root: string) => spawnSync(process.execPath, [script, root], { encoding: 'utf8' })

  test('reads a project, prints a line for each violation and fails', (t) => {
    const root = mkdtempSync(join(tmpdir(), 'check-'))
    t.after(() => rmSync(root, { recursive: true }))
    mkdirSync(join(root, 'src/token'), { recursive: true })
    writeFileSync(join(root, 'package.json'), '{ "name": "symbolon" }')
    writeFileSync(join(root, 'src/errors.ts'), '')
    assert.equal(check(root).status, 0)

    writeFileSync(join(root, 'src/errors.ts'), `import './token/key.ts'\n`)
    writeFileSync(join(root, 'src/token/key.ts'), '')
    const { status, stdout } = check(root)
    assert.equal(status, 1)
    assert.match(stdout, /^src\/errors\.ts:1 imports src\/token\/key\.ts, which stands above it/)
  })
})
