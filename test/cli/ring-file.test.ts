import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { generateKey } from '../../src/cli/keygen.ts'
import { changeRing, createRing, readRing } from '../../src/cli/ring-file.ts'
import { firstKeys } from '../../src/cli/rotation.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { needs } from '../support/needs.ts'

const KILLS = 25
const LONGEST_LIFE_MS = 12
const NOBODY = 65_534

const root = mkdtempSync(join(tmpdir(), 'symbolon-ring-file-'))
after(() => rmSync(root, { recursive: true }))
let file: string

beforeEach(() => {
  file = join(mkdtempSync(join(root, 'case-')), 'ring.json')
  const lives = { grace: 3_600_000, tokenLife: 900_000, life: 86_400_000 }
  createRing(file, firstKeys(generateKey(), { now: Date.now(), make: generateKey, ...lives }))
})

describe('a ring file', () => {
  test(`CRS-08 is the old ring or the new one after each of ${KILLS} kills of its writer`, async () => {
    const program = join(import.meta.dirname, '../support/ring-writer.ts')
    let newest = 0
    let left = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const writer = fork(program, [file])
      const [started] = (await once(writer, 'message')) as [number]
      assert.ok(started >= newest, 'a ring that was written stays so')
      await new Promise((resolve) => setTimeout(resolve, (kill / KILLS) * LONGEST_LIFE_MS))
      writer.kill('SIGKILL')
      await once(writer, 'exit')
      const keys = readRing(file)
      assert.equal(createKeyRing({ file }).trusted.keys.length, keys.length)
      assert.equal(statSync(file).mode & 0o777, 0o600)
      newest = Date.parse(keys.at(-1)?.publishedFrom ?? '')
      if (existsSync(`${file}.lock`)) left++
      rmSync(`${file}.lock`, { force: true })
    }
    assert.ok(newest > 0)
    assert.ok(left > 0, 'no writer was killed while it wrote')
  })

  test('one command at a time; what a killed one left is told of', () => {
    const before = readFileSync(file, 'utf8')
    writeFileSync(`${file}.lock`, 'half a ri')
    assert.throws(() => changeRing(file, (keys) => keys), /ring\.json\.lock exists.*remove it/)
    assert.equal(readFileSync(file, 'utf8'), before)
  })

  test('a change that fails leaves nothing behind', () => {
    const before = readFileSync(file, 'utf8')
    const failing = (): never => {
      throw new Error('no')
    }
    assert.throws(() => changeRing(file, failing), /^Error: no$/)
    assert.equal(readFileSync(file, 'utf8'), before)
    assert.deepEqual(readdirSync(join(file, '..')), ['ring.json'])
  })

  test('a link to it stays a link', () => {
    const link = join(file, '..', 'link.json')
    symlinkSync('ring.json', link)
    changeRing(link, (keys) => keys.slice(0, 1))
    assert.ok(lstatSync(link).isSymbolicLink())
    assert.equal(readRing(file).length, 1)
  })

  test(
    'it stays its owner’s when root rotates it',
    needs('root', process.getuid?.() === 0, 'run the tests as root'),
    () => {
      chownSync(file, NOBODY, NOBODY)
      changeRing(file, (keys) => keys)
      const { uid, gid, mode } = statSync(file)
      assert.deepEqual([uid, gid, mode & 0o777], [NOBODY, NOBODY, 0o600])
    },
  )
})
