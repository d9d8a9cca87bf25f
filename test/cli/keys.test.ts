import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { createLocalJWKSet, importSPKI, jwtVerify } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import { keysCommand } from '../../src/cli/keys.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { importKey } from '../../src/token/key.ts'

const root = mkdtempSync(join(tmpdir(), 'symbolon-keys-'))
after(() => rmSync(root, { recursive: true }))
const main = join(import.meta.dirname, '../../src/cli/main.ts')
let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'))
  file = join(folder, 'ring.json')
})

function keys(verb: string, ...more: string[]): string {
  return keysCommand.run([verb, file, ...more])
}

/** What `list` shows: kid and state of each key. */
function states(text: string): [kid: string, state: string][] {
  return [...text.matchAll(/^([0-9a-f]{16}) +\w+ +(\w+) /gm)].map(([, kid, state]) => [
    kid!,
    state!,
  ])
}

function kids(text: string): [string, string] {
  const [first = '', second = ''] = states(text).map(([kid]) => kid)
  return [first, second]
}

async function tokenOf(): Promise<string> {
  const sessions = createSessions({ keys: { file }, store: memory() })
  const { value } = await login(sessions, { id: 'alice' })
  await sessions.close()
  return value
}

describe('symbolon keys', () => {
  test('init makes a ring that an app signs with, for its owner alone', async () => {
    assert.deepEqual(
      states(keys('init')).map(([, state]) => state),
      ['current', 'next'],
    )
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(folder), ['ring.json'])
    const jwks = createLocalJWKSet(JSON.parse(keys('export')))
    assert.equal((await jwtVerify(await tokenOf(), jwks)).payload.sub, 'alice')
    assert.throws(() => keys('init'), /exists, and keys are never overwritten/)
  })

  test('init takes over the key that the app has signed with until now', () => {
    const jwk = generateKey()
    const { privateKey } = generateKeyPairSync('ed25519')
    for (const [text, kid] of [
      [JSON.stringify(jwk), jwk.kid],
      [privateKey.export({ type: 'pkcs8', format: 'pem' }), importKey(privateKey).kid],
    ] as const) {
      const old = join(folder, 'old')
      writeFileSync(old, text)
      const [current, next] = states(keys('init', '--keys', old))
      assert.deepEqual([current, next?.[1]], [[kid, 'current'], 'next'])
      rmSync(file)
    }
  })

  test('--alg chooses the algorithm, and rotation stays with it', () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA', 'HS256']) {
      keys('init', '--alg', alg)
      keys('rotate')
      const { trusted } = createKeyRing({ file })
      assert.deepEqual(
        trusted.keys.map((key) => key.alg),
        [alg, alg, alg],
      )
      rmSync(file)
    }
    assert.throws(() => keys('init', '--alg', 'none'), /one of HS256/)
    assert.deepEqual(readdirSync(folder), [])
  })

  test('rotate, list and burn', () => {
    const [first, second] = kids(keys('init'))
    const out = keys('rotate')
    assert.match(out, new RegExp(`^${second} .*next +signs from \\d{4}-`, 'm'))
    assert.equal(keys('list'), out)
    assert.throws(() => keys('rotate'), /signs from .* on; wait/)
    assert.throws(() => keys('rotate', '--grace', '34m'), /at least 35m/)
    assert.throws(() => keys('burn'), /--kid is needed/)
    const burned = new Map(states(keys('burn', '--kid', first)))
    assert.deepEqual([burned.get(first), burned.get(second)], ['burned', 'current'])
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(folder), ['ring.json'])
  })

  test('export gives readers without JWKS what they read', async () => {
    const [kid, next] = kids(keys('init'))
    const pem = keys('export', '--format', 'pem')
    const jwk = JSON.parse(keys('export', '--format', 'jwk', '--kid', next))
    assert.equal(jwk.kid, next)
    assert.ok(!('d' in jwk))
    const jwks = JSON.parse(keys('export')) as { keys: { kid: string }[] }
    assert.deepEqual(
      jwks.keys.map((key) => key.kid),
      [kid, next],
    )
    const { payload } = await jwtVerify(await tokenOf(), await importSPKI(pem, 'ES256'))
    assert.equal(payload.sub, 'alice')
    assert.throws(() => keys('export', '--kid', 'x', '--format', 'jwk'), /no key/)
    assert.throws(() => keys('export', '--format', 'der'), /jwks, jwk or pem/)
  })

  test('KEY-17 secrets are not exported', () => {
    keys('init', '--alg', 'HS256')
    assert.throws(() => keys('export'), /cannot be published/)
  })

  test('what is wrong is told without a stack, and fails', () => {
    for (const words of [['rotate'], ['nonsense'], ['init', '--grace', 'soon']]) {
      const { stdout, stderr, status } = spawnSync(process.execPath, [main, 'keys', ...words], {
        cwd: folder,
        encoding: 'utf8',
      })
      assert.deepEqual([stdout, status], ['', 1], words.join(' '))
      assert.match(stderr, /^symbolon: /)
      assert.doesNotMatch(stderr, /\n +at /)
    }
    assert.deepEqual(readdirSync(folder), [])
  })
})
