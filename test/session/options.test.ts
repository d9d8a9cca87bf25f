import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { CookieForm } from '../../src/session/cookie.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
const environment = process.env['NODE_ENV']
afterEach(() => void (process.env['NODE_ENV'] = environment ?? 'test'))

describe('createSessions', () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['tokenLife of another unit', { tokenLife: '15min' }],
    ['tokenLife zero', { tokenLife: 0 }],
    ['negative idle', { idle: -1 }],
    ['NaN', { absolute: NaN }],
    ['idle above absolute', { idle: '31d' }],
    ['claims no function', { claims: {} }],
    ['maxStale above a minute', { maxStale: '61s' }],
    ['maxStale above tokenLife', { maxStale: '31s', tokenLife: '30s' }],
    ['maxStale of no unit', { maxStale: '10' }],
    ['issuer no text', { issuer: 1 }],
    ['a field with a reserved name', { fields: [['id', 'exp']] }],
    [
      'two fields of one name',
      {
        fields: [
          ['id', 'a'],
          ['name', 'a'],
        ],
      },
    ],
    ['sessionField that is a registered claim', { sessionField: 'exp' }],
    ['an option that is misspelt', { tokenLive: '1m' }],
    ['sessionField that no object should have', { sessionField: '__proto__' }],
    ['an issuer that no token can carry', { issuer: `https://${'a'.repeat(3000)}` }],
    ['an issuer that is half a character', { issuer: '\ud800' }],
    ['SameSite None without Secure', { cookie: { sameSite: 'None' } }],
  ]
  for (const [name, options] of wrong) {
    test(`a configuration error is thrown at construction: ${name}`, () => {
      assert.throws(() => createSessions({ keys, store: memory(), ...options }), {
        code: 'invalid_option',
      })
    })
  }

  test('CKO-14 SUP-03 what pollutes Object.prototype is no option', () => {
    const polluted = Object.prototype as Record<string, unknown>
    try {
      Object.assign(polluted, {
        domain: 'evil.example',
        secure: false,
        sessionField: 'x',
        name: 'y',
      })
      assert.equal(new CookieForm({}, true).name, '__Host-session')
    } finally {
      for (const name of ['domain', 'secure', 'sessionField', 'name']) delete polluted[name]
    }
  })

  test('KEY-01 missing keys: what to do is said', () => {
    for (const missing of [undefined, null, '']) {
      assert.throws(() => createSessions({ keys: missing as never, store: memory() }), {
        code: 'invalid_key',
      })
    }
    assert.throws(() => createSessions({ keys: undefined, store: memory() }), /symbolon keygen/)
  })

  test('strict unless NODE_ENV says development or test in so many words', () => {
    for (const mode of ['production', '', 'Development', 'staging']) {
      process.env['NODE_ENV'] = mode
      assert.throws(() => createSessions({ keys }), { code: 'invalid_option', message: /store/ })
    }
  })

  test('without a store: memory under test, SQLite in a private folder in development', async () => {
    process.env['NODE_ENV'] = 'test'
    await createSessions({ keys }).close()
    const folder = mkdtempSync(join(tmpdir(), 'symbolon-'))
    const before = process.cwd()
    process.chdir(folder)
    try {
      process.env['NODE_ENV'] = 'development'
      const sessions = createSessions({ keys })
      await login(sessions, { id: 1 })
      await sessions.close()
      assert.equal(statSync('.symbolon').mode & 0o777, 0o700)
      assert.equal(readFileSync('.symbolon/.gitignore', 'utf8'), '*\n')
    } finally {
      process.chdir(before)
      rmSync(folder, { recursive: true })
    }
  })

  test('KEY-25 LOG-03 nothing secret shows in inspect or JSON', () => {
    const sessions = createSessions({ keys, store: memory() })
    const shown = inspect(sessions, { depth: 10, showHidden: true }) + JSON.stringify(sessions)
    assert.ok(!shown.includes(keys))
  })

  test('testing refuses to log anyone in under production', async () => {
    const sessions = createSessions({ keys, store: memory() })
    process.env['NODE_ENV'] = 'production'
    await assert.rejects(login(sessions, { id: 1 }), { code: 'not_supported' })
  })
})
