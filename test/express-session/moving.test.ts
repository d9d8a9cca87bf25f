import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type TestContext, describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import * as jose from 'jose'
import { App, idIn, sessionCookie } from './client.ts'
import { OURS, SECRET, THEIRS } from './subjects.ts'

const require = createRequire(import.meta.url)
const express = require('express')
const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'docs/moving-from-express-session.md'), 'utf8')

/** The program under a heading of the guide. */
function program(heading: string): string {
  const section = text.split(/^## /m).find((it) => it.startsWith(heading))
  const [, code] = /```js\n([^`]*)```/.exec(section ?? '') ?? []
  assert.ok(code, `no program under ${heading}`)
  return code
}

/** Runs a program of the guide, as the app's file would hold it. */
async function run(t: TestContext, code: string, given: object, session = OURS.session) {
  const app = express()
  const names = { app, session, secret: SECRET, ...given }
  runInNewContext(code, names)
  app.get('/', (req: any, res: any) => {
    if (req.query.account) req.session.accountId = Number(req.query.account)
    if (req.query.note) req.session[req.query.note] = true
    const notes = Object.keys(req.session).filter((name) => name.startsWith('note-'))
    const account = req.session.accountId ?? null
    res.json({ id: req.session.id, auth: req.auth ?? null, account, notes })
  })
  const server = await App.start(app)
  t.after(() => server.stop())
  return async (path: string, cookie?: string) => {
    const reply = await server.ask(path, cookie === undefined ? {} : { cookie })
    assert.equal(reply.status, 200, reply.body)
    return { ...JSON.parse(reply.body), cookie: sessionCookie(reply) ?? cookie }
  }
}

/** Step 5's program without the line that is the first release's. */
function secondRelease(): string {
  const [before, after, ...more] = program('5.').split("    migrate: { write: 'derived' },\n")
  assert.ok(after !== undefined && more.length === 0)
  return `${before}${after}`
}

async function keysAndUsers() {
  const { privateKey, publicKey } = await jose.generateKeyPair('ES256', { extractable: true })
  const keys = await jose.exportPKCS8(privateKey)
  return { keys, publicKey, findUser: async (id: string) => ({ id, roles: ['admin'] }) }
}

function algorithmOf(cookie: string): string | undefined {
  return jose.decodeProtectedHeader(cookie.slice('connect.sid='.length)).alg
}

const isToken = (cookie: string): boolean => cookie.startsWith('connect.sid=ey')

describe('docs/moving-from-express-session.md', () => {
  test('1 the import, require() and the deep imports', async () => {
    const entry = 'symbolon/express-session'
    const { default: imported, ...names } = await import(entry)
    assert.equal(require(entry), imported)
    assert.deepEqual(Object.keys(imported), ['Store', 'Cookie', 'Session', 'MemoryStore'])
    const files = { store: 'Store', cookie: 'Cookie', session: 'Session', memory: 'MemoryStore' }
    for (const [file, name] of Object.entries(files)) {
      const deep = `symbolon/express-session/session/${file}`
      assert.ok(text.includes(`\`${deep}\``))
      assert.equal(require(deep), imported[name as keyof typeof imported])
      assert.equal((await import(deep)).default, names[name as keyof typeof names])
    }
  })

  test('2, 3 two releases, and both steps taken back', async (t) => {
    const store = new THEIRS.session.MemoryStore()
    const first = await run(t, program('2.'), { store })
    const second = await run(t, program('3.'), { store })
    const before = await run(t, program('3.'), { store }, THEIRS.session)

    let user = await before('/?account=42')
    const { id } = user
    for (const [release, token] of [
      [before, false],
      [first, false],
      [before, false],
      [second, true],
      [first, false],
      [second, true],
      [first, false],
      [before, false],
    ] as const) {
      user = await release('/', user.cookie)
      assert.deepEqual([user.id, user.account], [id, 42])
      assert.equal(isToken(user.cookie), token)
    }
  })

  test('4 who the user is', async (t) => {
    const store = new OURS.session.MemoryStore()
    const app = await run(t, program('4.'), { store })
    const anonymous = await app('/')
    const login = await app('/?account=42', anonymous.cookie)
    const { auth } = await app('/', login.cookie)
    assert.deepEqual(auth, { sub: '42' })
    const other = await app('/?account=43', login.cookie)
    assert.notEqual(idIn(other.cookie), idIn(login.cookie))
  })

  for (const [writer, heading, session] of [
    ['step 3', '3.', OURS.session],
    ['express-session', '3.', THEIRS.session],
  ] as const) {
    test(`4 who is logged in already, by ${writer}, is not disturbed`, async (t) => {
      const store = new THEIRS.session.MemoryStore()
      const before = await run(t, program(heading), { store }, session)
      const app = await run(t, program('4.'), { store })
      const user = await before('/?account=42')
      const first = await app('/', user.cookie)
      assert.deepEqual([first.id, first.auth], [user.id, { sub: '42' }])

      const other = await before('/?account=43')
      const notes = ['note-1', 'note-2', 'note-3', 'note-4']
      const replies = await Promise.all(notes.map((it) => app(`/?note=${it}`, other.cookie)))
      for (const { id, auth } of replies) assert.deepEqual([id, auth], [other.id, { sub: '43' }])
      const seen = await app('/', replies[0]!.cookie)
      assert.deepEqual([seen.id, seen.notes.toSorted()], [other.id, notes])
    })
  }

  test('5 two releases, and both steps taken back', async (t) => {
    const given = { store: new OURS.session.MemoryStore(), ...(await keysAndUsers()) }
    const before = await run(t, program('4.'), given)
    const first = [await run(t, program('5.'), given), await run(t, program('5.'), given)] as const
    const second = await run(t, secondRelease(), given)

    let user = await before('/?account=42')
    const { id } = user
    for (const [release, alg] of [
      [before, 'HS256'],
      [first[0], 'HS256'],
      [before, 'HS256'],
      [first[1], 'HS256'],
      [first[0], 'HS256'],
      [second, 'ES256'],
      [first[0], 'HS256'],
      [first[1], 'HS256'],
      [second, 'ES256'],
      [second, 'ES256'],
      [first[1], 'HS256'],
      [before, 'HS256'],
      [second, 'ES256'],
    ] as const) {
      user = await release('/', user.cookie)
      assert.deepEqual([user.id, user.account, user.auth.sub], [id, 42, '42'])
      assert.equal(algorithmOf(user.cookie), alg)
    }
  })

  test('5 keys and fields', async (t) => {
    const store = new OURS.session.MemoryStore()
    const { publicKey, ...given } = await keysAndUsers()
    const app = await run(t, secondRelease(), { store, ...given })
    const { cookie } = await app('/?account=42')
    const { payload } = await jose.jwtVerify(cookie.slice('connect.sid='.length), publicKey)
    const { sub, id, r } = payload
    assert.deepEqual({ sub, id, r }, { sub: '42', id: '42', r: ['admin'] })
  })

  test('Jest: the configuration that the fixture runs under', () => {
    const fixture = createRequire(join(root, 'test/fixtures/'))('./express4-cjs/jest.config.js')
    const guide = { exports: {} as any }
    runInNewContext(program('Jest'), { module: guide })
    // The context has prototypes of its own.
    const { transform, transformIgnorePatterns } = JSON.parse(JSON.stringify(guide.exports))
    assert.deepEqual(transform, fixture.transform)
    assert.deepEqual(transformIgnorePatterns, fixture.transformIgnorePatterns)
  })
})
