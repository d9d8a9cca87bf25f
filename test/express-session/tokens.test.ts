import assert from 'node:assert/strict'
import { createSecretKey, hkdfSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import * as jose from 'jose'
import { attributesOf, idIn, idOf, oldCookie, sessionCookie } from './client.ts'
import { Kit } from './kit.ts'
import { EXPRESS_VERSIONS, OTHER_SECRET, OURS, SECRET } from './subjects.ts'

const kit = new Kit(OURS, EXPRESS_VERSIONS[1]!.express)
const OLD_ID = 'Zm9vYmFyYmF6cXV4cXV1eGZvb2Jhcg00'

function claimsOf(cookie: string | undefined): any {
  return jose.decodeJwt(cookie!.slice(cookie!.indexOf('=') + 1))
}

const visit = (req: any, res: any): void => {
  if (req.query.login) req.session.passport = { user: req.query.login }
  if (req.query.logout !== undefined) delete req.session.passport
  if (req.query.set) req.session[req.query.set] = true
  res.json({ id: req.session.id, auth: req.auth ?? null, name: req.session.name ?? null })
}

describe('the token in the cookie', () => {
  test('R22 signed by a key derived from the secret, as any JWT library derives it', async (t) => {
    const { get } = await kit.serve(t, { handler: visit })
    const cookie = sessionCookie(await get('/?set=a'))!
    const key = Buffer.from(hkdfSync('sha256', SECRET, '', 'symbolon token v1', 32))
    const { payload, protectedHeader } = await jose.jwtVerify(cookie.slice(12), key)
    assert.deepEqual(Object.keys(protectedHeader), ['alg', 'kid', 'typ'])
    assert.equal(protectedHeader.alg, 'HS256')
    assert.equal(payload['sk'], idIn(cookie))
    assert.deepEqual(Object.keys(payload), ['sk', 'iat', 'exp'])
    await assert.rejects(jose.jwtVerify(cookie.slice(12), Buffer.from(SECRET)))
  })

  test('R22 with keys the secret has no part in it', async (t) => {
    const { privateKey, publicKey } = await jose.generateKeyPair('ES256', { extractable: true })
    const keys = await jose.exportPKCS8(privateKey)
    const { get } = await kit.serve(t, { options: { keys }, handler: visit })
    const cookie = sessionCookie(await get('/?set=a'))!
    const { payload } = await jose.jwtVerify(cookie.slice(12), publicKey)
    assert.equal(payload['sk'], idIn(cookie))
    const again = await get('/', { cookie })
    assert.equal(JSON.parse(again.body).id, idIn(cookie))
  })

  test('R22 a key that is the secret is refused, in every form', () => {
    const jwk = { kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), kid: 'a' }
    const ring = JSON.stringify({ keys: [{ key: jwk, signsFrom: '2020-01-01T00:00:00Z' }] })
    const bytes = Buffer.from(SECRET)
    const same = [SECRET, bytes, createSecretKey(bytes), jwk, JSON.stringify(jwk), ring]
    for (const keys of same) {
      for (const secret of [SECRET, [OTHER_SECRET, SECRET]]) {
        assert.throws(() => kit.middleware({ secret, keys }), { code: 'invalid_key' })
      }
      assert.throws(() => kit.middleware({ keys: [OTHER_SECRET, keys] }), { code: 'invalid_key' })
    }
    kit.middleware({ keys: OTHER_SECRET })
  })

  test('R22 keys alone need no secret; old cookies are not believed then', async (t) => {
    const options = { secret: undefined, keys: OTHER_SECRET }
    const { get, store } = await kit.serve(t, { options, handler: visit })
    const reply = await get('/?set=a')
    assert.equal(
      JSON.parse((await get('/', { cookie: sessionCookie(reply) })).body).id,
      idOf(reply),
    )
    store.sessions[OLD_ID] = JSON.stringify({ cookie: {}, name: 'Ada' })
    assert.equal(JSON.parse((await get('/', { cookie: oldCookie(OLD_ID) })).body).name, null)
  })

  test('R43 R22 write derived needs keys', () => {
    const migrate = { write: 'derived' }
    assert.throws(() => kit.middleware({ migrate }), { code: 'invalid_option' })
    kit.middleware({ migrate, keys: OTHER_SECRET })
  })

  test('R22 a derived key among keys is itself, and its tokens are current', async (t) => {
    const keys = Buffer.from(hkdfSync('sha256', SECRET, '', 'symbolon token v1', 32))
    const { get } = await kit.serve(t, { options: { keys }, handler: visit })
    const cookie = sessionCookie(await get('/?set=a'))
    assert.deepEqual((await get('/', { cookie })).cookies, [])
  })

  test('R22 a short secret warns and works', async (t) => {
    const warnings: Error[] = []
    const listener = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listener)
    t.after(() => process.off('warning', listener))
    const { get } = await kit.serve(t, { options: { secret: 'cat' }, handler: visit })
    assert.ok(idOf(await get('/?set=a')))
    await new Promise(setImmediate)
    assert.match(warnings.map(({ message }) => message).join(), /shorter than 32 bytes/)
    assert.doesNotMatch(warnings.map(({ message }) => message).join(), /cat\b/)
  })

  test('R22 what the secret signs is never a token, nor the reverse', async (t) => {
    const { get, store } = await kit.serve(t, { handler: visit })
    store.sessions[OLD_ID] = JSON.stringify({ cookie: {}, name: 'Ada' })
    const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
    const payload = Buffer.from(JSON.stringify({ sk: OLD_ID, iat: 1, exp: 9e9 })).toString(
      'base64url',
    )
    const signed = oldCookie(`${header}.${payload}`)
    const mac = decodeURIComponent(signed)
      .split('.')
      .at(-1)!
      .replaceAll('+', '-')
      .replaceAll('/', '_')
    for (const cookie of [signed, `connect.sid=${header}.${payload}.${mac}`]) {
      assert.equal(JSON.parse((await get('/', { cookie })).body).name, null)
    }
  })

  test('R5 R1 fields and claims of the user, by user(id)', async (t) => {
    const users: any = { 7: { id: 7, roles: ['admin'] } }
    const { get } = await kit.serve(t, {
      options: {
        fields: [
          ['id', 'uid', 'userId'],
          ['roles', 'r', 'roles'],
        ],
        user: async (id: string) => users[id],
        claims: (user: any) => ({ plan: user ? 'gold' : 'none' }),
      },
      handler: visit,
    })
    const cookie = sessionCookie(await get('/?login=7'))
    const { sub, uid, r, plan } = claimsOf(cookie)
    assert.deepEqual({ sub, uid, r, plan }, { sub: '7', uid: 7, r: ['admin'], plan: 'gold' })
    const { auth } = JSON.parse((await get('/', { cookie })).body)
    const fields = { uid: 7, userId: 7, r: ['admin'], roles: ['admin'] }
    assert.deepEqual(auth, { sub: '7', plan: 'gold', ...fields })
  })

  test('R15 R3 at half its life the token is issued again, with the user as he is now', async (t) => {
    let now = Date.now()
    const user = { id: 7, roles: ['admin'] }
    const { get } = await kit.serve(t, {
      options: { now: () => now, tokenLife: '10m', fields: [['roles', 'r']], user: () => user },
      handler: visit,
    })
    const cookie = sessionCookie(await get('/?login=7'))
    now += 4 * 60_000
    assert.deepEqual((await get('/', { cookie })).cookies, [])
    now += 2 * 60_000
    user.roles = ['reader']
    const renewed = sessionCookie(await get('/', { cookie }))
    assert.deepEqual(claimsOf(renewed).r, ['reader'])
    assert.equal(idIn(renewed), idIn(cookie))
  })

  test('R9 a token long past its end finds its session, as long as the store has it', async (t) => {
    let now = Date.now()
    const { get } = await kit.serve(t, { options: { now: () => now }, handler: visit })
    const cookie = sessionCookie(await get('/?set=a'))
    now += 400 * 86_400_000
    const reply = await get('/', { cookie })
    assert.equal(JSON.parse(reply.body).id, idIn(cookie))
    assert.equal(idOf(reply), idIn(cookie))
  })

  test('R16 absolute: a session ends, however much it is used', async (t) => {
    let now = Date.now()
    const { get } = await kit.serve(t, {
      options: { now: () => now, absolute: '2d', rolling: true },
      handler: visit,
    })
    let cookie = sessionCookie(await get('/?set=name'))
    for (let hours = 0; hours < 36; hours += 12) {
      now += 12 * 3_600_000
      const reply = await get('/', { cookie })
      assert.equal(JSON.parse(reply.body).name, true)
      cookie = sessionCookie(reply) ?? cookie
    }
    now += 13 * 3_600_000
    assert.equal(JSON.parse((await get('/', { cookie })).body).name, null)
  })

  test('R15 a cookie does not end up in shared caches; the app’s caching stands otherwise', async (t) => {
    const { get, cookie } = await kit.begun(t, {
      options: { rolling: true },
      handler(req, res) {
        if (req.query.caching) res.setHeader('Cache-Control', req.query.caching)
        res.end()
      },
    })
    const caching = async (asked: string): Promise<string | undefined> =>
      (await get(`/?caching=${encodeURIComponent(asked)}`, { cookie })).headers['cache-control']
    assert.equal(await caching(''), 'private')
    assert.equal(await caching('public, max-age=60'), 'no-store')
    assert.equal(await caching('private, max-age=60'), 'private, max-age=60')
    assert.equal((await get('/?caching=')).headers['cache-control'], undefined)
  })

  test('R11 of several cookies of one session the newest counts, of different ones none', async (t) => {
    let now = Date.now()
    const { get } = await kit.serve(t, {
      options: { now: () => now, rolling: true },
      handler: visit,
    })
    const older = sessionCookie(await get('/?set=a'))!
    now += 60_000
    const newer = sessionCookie(await get('/', { cookie: older }))!
    const other = sessionCookie(await get('/?set=a'))!
    const both = await get('/', { cookie: `${older}; ${newer}` })
    assert.equal(JSON.parse(both.body).id, idIn(older))
    const mixed = await get('/', { cookie: `${newer}; ${other}` })
    assert.ok(![idIn(newer), idIn(other)].includes(JSON.parse(mixed.body).id))
    assert.equal(attributesOf(mixed)['expires'], 'Thu, 01 Jan 1970 00:00:00 GMT')
  })

  test('R44 neither secrets nor data nor ids in what is printed', async (t) => {
    let printed = ''
    const { get } = await kit.serve(t, {
      handler(req, res) {
        req.session.card = 'a value of the user'
        const ours = Object.getOwnPropertySymbols(res).filter((it) => it.description === 'symbolon')
        assert.equal(ours.length, 1)
        printed = inspect(res[ours[0]!], { depth: 20 })
        res.end(req.session.id)
      },
    })
    const { body } = await get()
    assert.match(printed, /ResponseHead/)
    for (const part of [SECRET, 'a value of the user', body]) assert.ok(!printed.includes(part))
  })
})

describe('the user of a session', () => {
  test('R1 one named by an object stays the same, in whatever order the store gives it back', async (t) => {
    const store = new OURS.session.MemoryStore()
    const rows = new Map<string, string>()
    store.get = (id: string, done: any) => done(null, JSON.parse(rows.get(id) ?? 'null'))
    store.set = (id: string, session: any, done: any) => {
      const { passport, ...rest } = JSON.parse(JSON.stringify(session))
      const user = passport && Object.fromEntries(Object.entries(passport.user).toReversed())
      done(void rows.set(id, JSON.stringify({ ...rest, ...(user && { passport: { user } }) })))
    }
    const handler = (req: any, res: any): void => {
      if (req.path === '/login') req.session.passport = { user: { name: 'Ada', id: '7' } }
      res.json({ id: req.session.id, sub: req.auth?.sub })
    }
    const { get } = await kit.serve(t, { options: { store }, handler })
    const cookie = sessionCookie(await get('/login'))!
    assert.deepEqual(JSON.parse((await get('/', { cookie })).body), { id: idIn(cookie), sub: '7' })
    assert.deepEqual((await get('/', { cookie })).cookies, [])
  })

  test('R1 a change of the user gives a new id, whoever makes it', async (t) => {
    const { get, store } = await kit.serve(t, { handler: visit })
    const anonymous = sessionCookie(await get('/?set=name'))
    const alice = sessionCookie(await get('/?login=alice', { cookie: anonymous }))
    assert.notEqual(idIn(alice), idIn(anonymous))
    assert.deepEqual(Object.keys(store.sessions), [idIn(alice)])
    const seen = JSON.parse((await get('/', { cookie: alice })).body)
    assert.deepEqual([seen.auth, seen.name], [{ sub: 'alice' }, true])
    const bob = sessionCookie(await get('/?login=bob', { cookie: alice }))
    assert.notEqual(idIn(bob), idIn(alice))
    assert.deepEqual(JSON.parse((await get('/', { cookie: bob })).body).auth, { sub: 'bob' })
    const nobody = sessionCookie(await get('/?logout', { cookie: bob }))
    assert.notEqual(idIn(nobody), idIn(bob))
    assert.equal(JSON.parse((await get('/', { cookie: nobody })).body).auth, null)
    assert.equal(claimsOf(nobody).sub, undefined)
  })

  test('R1 userId: whatever the app keeps its user in', async (t) => {
    const { get } = await kit.serve(t, {
      options: { userId: (session: any) => session.account?.number },
      handler(req, res) {
        if (req.query.login) req.session.account = { number: Number(req.query.login) }
        res.json(req.auth ?? null)
      },
    })
    const cookie = sessionCookie(await get('/?login=42'))
    assert.deepEqual(JSON.parse((await get('/', { cookie })).body), { sub: '42' })
  })

  test('R1 data that another process changed without us make no user', async (t) => {
    const { get, store } = await kit.serve(t, { handler: visit })
    const cookie = sessionCookie(await get('/?login=alice'))
    const id = idIn(cookie)!
    const stored = JSON.parse(store.sessions[id])
    stored.passport.user = 'root'
    store.sessions[id] = JSON.stringify(stored)
    const reply = await get('/', { cookie })
    assert.equal(JSON.parse(reply.body).auth, null)
    assert.notEqual(idOf(reply), id)
    delete stored.passport
    store.sessions['x'.repeat(32)] = JSON.stringify(stored)
    const copied = await get('/', { cookie: oldCookie('x'.repeat(32)) })
    assert.equal(JSON.parse(copied.body).auth, null)
  })

  test('R1 requestProperty names auth; what others set there stays', async (t) => {
    const named = await kit.serve(t, {
      options: { requestProperty: 'who' },
      handler: (req, res) => res.json([req.who ?? null, 'auth' in req]),
    })
    assert.deepEqual(JSON.parse((await named.get()).body), [null, false])
    const taken = await kit.serve(t, {
      before(req, _res, next) {
        req.auth = 'theirs'
        next()
      },
      handler: (req, res) => res.json(req.auth),
    })
    assert.equal(JSON.parse((await taken.get()).body), 'theirs')
  })

  test('R16 middleware.sessions.login: a new id, only what is kept, and the user it is given', async (t) => {
    const store = new OURS.session.MemoryStore()
    const middleware = kit.middleware({ store, fields: [['roles', 'r', 'roles']] })
    const { get } = await kit.serve(t, {
      options: { store },
      middleware,
      async handler(req, res) {
        if (req.path === '/login') {
          const user = { id: 5, roles: ['editor'] }
          await middleware.sessions.login(req, user, { keep: ['cart'] })
        } else if (req.path === '/logout') {
          await middleware.sessions.logout(req)
        } else if (req.path === '/fill') {
          req.session.cart = ['apple']
          req.session.draft = 'text'
        }
        res.json({ auth: req.auth ?? null, keys: Object.keys(req.session) })
      },
    })
    const before = sessionCookie(await get('/fill'))
    const login = await get('/login', { cookie: before })
    const cookie = sessionCookie(login)
    assert.notEqual(idIn(cookie), idIn(before))
    const { auth, keys } = JSON.parse((await get('/', { cookie })).body)
    assert.deepEqual(auth, { sub: '5', r: ['editor'], roles: ['editor'] })
    assert.deepEqual(keys, ['cookie', 'cart'])
    assert.deepEqual(Object.keys(store.sessions), [idIn(cookie)])
    const logout = await get('/logout', { cookie })
    assert.equal(JSON.parse(logout.body).auth, null)
    assert.equal(attributesOf(logout)['expires'], 'Thu, 01 Jan 1970 00:00:00 GMT')
    assert.deepEqual(Object.keys(store.sessions), [])
    await assert.rejects(middleware.sessions.login({}, { id: 1 }), { code: 'not_supported' })
  })

  test('R10 a late request of an ended session begins no third one', async (t) => {
    const { get, store, cookie } = await kit.begun(t, {
      options: { saveUninitialized: true },
      handler(req, res) {
        if (req.path === '/end') return req.session.destroy(() => res.end())
        return visit(req, res)
      },
    })
    await get('/end', { cookie })
    const late = await get('/', { cookie })
    assert.deepEqual([late.status, late.cookies], [200, []])
    assert.equal((await get('/?set=a', { cookie })).status, 409)
    assert.deepEqual(Object.keys(store.sessions), [])
  })
})

describe('promises where no callback is given', () => {
  test('save, reload, regenerate and destroy can be awaited', async (t) => {
    const { get, store } = await kit.serve(t, {
      async handler(req, res) {
        const { session } = req
        session.a = 1
        await session.save()
        session.a = 2
        await session.reload()
        const reloaded = req.session.a
        await req.session.regenerate()
        const { id } = req.session
        await req.session.save()
        await req.session.destroy()
        res.json([reloaded, id !== session.id, req.session === undefined])
      },
    })
    assert.deepEqual(JSON.parse((await get()).body), [1, true, true])
    assert.deepEqual(Object.keys(store.sessions), [])
  })

  test('R17 what fails rejects, and unawaited fails its answer, never the process', async (t) => {
    const { get, store, errors } = await kit.serve(t, {
      async handler(req, res) {
        req.session.a = 1
        if (req.path === '/await') {
          await assert.rejects(req.session.save(), { message: 'boom' })
          req.session = null
        } else req.session.save()
        res.end('ok')
      },
    })
    store.set = (_id: string, _data: object, done: any) =>
      setImmediate(() => done(new Error('boom')))
    assert.equal((await get('/await')).body, 'ok')
    const reply = await get('/forget')
    assert.deepEqual([reply.status, reply.body, reply.cookies], [500, 'boom', []])
    assert.equal(errors.length, 1)
  })
})
