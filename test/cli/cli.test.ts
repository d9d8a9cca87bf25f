import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { compactVerify, importJWK } from 'jose'
import { derivedKey } from '../../src/express-session/secrets.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { importKey } from '../../src/token/key.ts'
import { login } from '../../src/testing/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'symbolon-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const main = join(import.meta.dirname, '../../src/cli/main.ts')

function symbolon(args: string[], input = ''): { out: string; err: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    input,
    encoding: 'utf8',
  })
  return { out: stdout, err: stderr, status }
}

describe('symbolon keygen', () => {
  test('R6 writes an ES256 key that the app can use, for its owner alone', () => {
    const { out, status } = symbolon(['keygen'])
    assert.equal(status, 0)
    const file = join(folder, 'session.key.json')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const key = JSON.parse(readFileSync(file, 'utf8'))
    assert.equal(key.alg, 'ES256')
    assert.match(key.kid, /^[0-9a-f]{16}$/)
    assert.ok(out.includes(key.kid) && !out.includes(key.d))
    createSessions({ keys: { file }, store: memory() })
    createSessions({ keys: readFileSync(file, 'utf8'), store: memory() })
  })

  test('never overwrites a key', () => {
    const before = readFileSync(join(folder, 'session.key.json'), 'utf8')
    const { err, status } = symbolon(['keygen'])
    assert.equal(status, 1)
    assert.match(err, /never overwritten/)
    assert.equal(readFileSync(join(folder, 'session.key.json'), 'utf8'), before)
  })
})

describe('symbolon explain', () => {
  const file = join(folder, 'explain.json')
  const cookieOf = async (
    options: { now?: () => number; issuer?: string } = {},
  ): Promise<{ cookie: string; setCookie: string; id: string }> => {
    const sessions = createSessions({
      keys: { file },
      fields: [['id', 'uid', 'userId']],
      store: memory(),
      ...options,
    })
    const session = await login(sessions, { id: 'alice' })
    const payload = JSON.parse(Buffer.from(session.value.split('.')[1]!, 'base64url').toString())
    return { ...session, id: payload.sk }
  }

  test('a genuine cookie: name, size, header, claims, times, verdict; never the id', async () => {
    symbolon(['keygen', file])
    const { cookie, setCookie, id } = await cookieOf()
    for (const input of [cookie, setCookie, `Cookie: a=b; ${cookie}`, `Set-Cookie: ${setCookie}`]) {
      const { out, status } = symbolon(['explain', '-', '--keys', file], input)
      assert.equal(status, 0)
      assert.match(out, /^cookie +\S+, \d+ of 4096 bytes$/m)
      assert.match(out, /^header +\{"alg":"ES256","kid":"[0-9a-f]{16}","typ":"JWT"\}$/m)
      assert.match(out, /^uid +"alice"$/m)
      assert.match(out, /^exp +\d{4}-.*minutes ahead\)$/m)
      assert.match(out, /^verdict +genuine/m)
      assert.ok(!out.includes(id))
    }
  })

  test('an expired one, and what the app makes of it', async () => {
    const { cookie } = await cookieOf({ now: () => Date.now() - 3_600_000 })
    assert.match(
      symbolon(['explain', cookie, '--keys', file]).out,
      /genuine.*believed by neighbours no longer/,
    )
  })

  test('why a cookie is refused', async () => {
    const { cookie } = await cookieOf()
    const refused = (input: string, ...args: string[]): string =>
      /^verdict +refused \((\w+)\)/m.exec(
        symbolon(['explain', input, '--keys', file, ...args]).out,
      )?.[1] ?? ''
    assert.equal(refused(`${cookie.slice(0, -8)}AAAAAAAA`), 'signature')
    assert.equal(refused('session=abc'), 'format')
    assert.equal(refused(`${cookie}%`), 'encoding')
    assert.equal(refused(cookie, '--session-field', 'sid'), 'claims')
    const other = await cookieOf({ issuer: 'https://other.example' })
    assert.equal(refused(other.cookie, '--issuer', 'https://app.example'), 'issuer')
    symbolon(['keygen', 'other.json'])
    assert.match(
      symbolon(['explain', cookie, '--keys', 'other.json']).out,
      /refused \((kid|header)\)/,
    )
  })

  test('a forged cookie writes no line of its own', () => {
    const part = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url')
    const name = '\u001b[2K\nverdict   genuine'
    const { out } = symbolon(
      ['explain', '-', '--keys', file],
      `${name}=${part({ [name]: 1 })}.${part({ [name]: name })}.AAAA`,
    )
    assert.ok(!out.includes('\u001b'))
    assert.equal(out.match(/^verdict/gm)?.length, 1)
  })

  test('without keys nothing is called genuine', async () => {
    const { cookie } = await cookieOf()
    rmSync(join(folder, 'session.key.json'))
    assert.match(symbolon(['explain', cookie]).out, /^verdict +not verified/m)
  })

  test('any input gives text, not a stack', () => {
    for (const input of ['x', '=', ';;', '..', 'a=b=c', 'é', '{"a":1}', 'eyJ.eyJ.eyJ', ' ']) {
      const { err, out } = symbolon(['explain', input, '--keys', file])
      assert.equal(err, '')
      assert.match(out, /^verdict +refused/m)
    }
  })
})

test('R22 symbolon derive prints the key of the drop-in, and nothing of the secret', async () => {
  const secret = 'what express-session signs cookies with'
  const jwk = JSON.parse(symbolon(['derive'], `${secret}\n`).out)
  const key = importKey(derivedKey(secret))
  assert.equal(jwk.kid, key.kid)
  const text = `${key.header}.${Buffer.from('{"sk":"x"}').toString('base64url')}`
  await compactVerify(`${text}.${key.sign(text) as string}`, await importJWK(jwk))
  assert.ok(!JSON.stringify(jwk).includes(secret))
  assert.equal(symbolon(['derive']).status, 1)
})

test('a wrong option or a missing word is told without a stack, and fails', () => {
  for (const words of [['keygen', '--force'], ['explain'], ['explain', 'a', 'b']]) {
    const { err, status } = symbolon(words)
    assert.equal(status, 1)
    assert.match(err, /^symbolon: /)
    assert.doesNotMatch(err, /\n +at /)
  }
})

test('symbolon without or with wrong words prints the usage', () => {
  assert.match(symbolon([]).out, /symbolon keygen/)
  assert.match(symbolon(['--help']).out, /symbolon explain/)
  const { err, status } = symbolon(['destroy'])
  assert.equal(status, 1)
  assert.match(err, /unknown command/)
})
