import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type RunningServer, redis } from '../support/servers.ts'
import { installedFixture } from './fixture.ts'

describe(
  'an app of Express 4, CommonJS and TypeScript 5, its import replaced',
  redis.needed(),
  () => {
    let folder: string
    let server: RunningServer

    before(async () => {
      folder = installedFixture('express4-cjs')
      server = await redis.start()
    })
    after(() => server.stop())

    const run = (program: string, ...args: string[]): { status: number | null; output: string } => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(folder, 'node_modules', program), ...args],
        {
          cwd: folder,
          encoding: 'utf8',
          env: { ...process.env, REDIS_URL: `redis://127.0.0.1:${server.port}`, NODE_ENV: 'test' },
        },
      )
      return { status, output: stdout + stderr }
    }

    test('type-checks', () => {
      assert.deepEqual(run('typescript/bin/tsc', '--noEmit', '-p', '.'), { status: 0, output: '' })
    })

    test('passes its tests under Jest and ts-jest', () => {
      const { status, output } = run('jest/bin/jest.js', '--runInBand')
      assert.equal(status, 0, output)
      assert.match(output, /Tests: +2 passed, 2 total/)
    })
  },
)
