import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { installedFixture } from './fixture.ts'

/** How users resolve modules, and what their files are; what TypeScript 7 no longer has is left out. */
const RESOLUTIONS = [
  { type: 'commonjs', module: 'commonjs', moduleResolution: 'node10', until: 6 },
  { type: 'commonjs', module: 'nodenext', moduleResolution: 'nodenext', until: 7 },
  { type: 'module', module: 'node16', moduleResolution: 'node16', until: 7 },
  { type: 'module', module: 'esnext', moduleResolution: 'bundler', until: 7 },
]

const FILES = ['app.ts', 'both.ts']

describe('the types of the drop-in, installed beside @types/express-session', () => {
  let folder: string
  before(() => {
    folder = installedFixture('drop-in-types')
  })

  for (const version of [5, 6, 7]) {
    for (const { type, until, ...resolution } of RESOLUTIONS) {
      if (version > until) continue
      const name = `typescript${version}, ${resolution.moduleResolution} from ${type}`
      test(`${name}: no error, nor in any declaration`, () => {
        const project = join(folder, `${resolution.moduleResolution}-${version}`)
        mkdirSync(project, { recursive: true })
        for (const file of FILES) copyFileSync(join(folder, file), join(project, file))
        writeFileSync(join(project, 'package.json'), JSON.stringify({ type }))
        const compilerOptions = {
          target: 'es2022',
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          esModuleInterop: true,
          types: ['node'],
          ...resolution,
          ...(version === 6 && { ignoreDeprecations: '6.0' }),
        }
        writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
        const tsc = join(folder, 'node_modules', `typescript${version}`, 'bin/tsc')
        const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', project], {
          encoding: 'utf8',
        })
        assert.equal(stdout, '')
        assert.equal(status, 0)
      })
    }
  }
})
