import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { idIn, sessionCookie } from './client.ts'
import { Kit } from './kit.ts'
import { EXPRESS_VERSIONS, OURS, SUBJECTS } from './subjects.ts'

const require = createRequire(import.meta.url)
const { Passport, Strategy } = require('passport')
const flash = require('connect-flash')
const { csrfSync } = require('csrf-sync')

/** Believes what the query says, as a form's username. */
class QueryStrategy extends Strategy {
  readonly name = 'query'
  authenticate(this: any, req: any): void {
    if (req.query.user) this.success({ id: req.query.user, name: `name of ${req.query.user}` })
    else this.fail('no user')
  }
}

/** An app as Passport's documentation has it. */
function routes(keepSessionInfo: boolean): { before: any[]; handler: any } {
  const passport = new Passport()
  passport.use(new QueryStrategy())
  passport.serializeUser((user: any, done: any) => process.nextTick(done, null, user.id))
  passport.deserializeUser((id: string, done: any) => process.nextTick(done, null, { id }))
  const { csrfSynchronisedProtection, generateToken } = csrfSync({
    getTokenFromRequest: (req: any) => req.headers['x-csrf-token'],
  })
  const login = passport.authenticate('query', {
    keepSessionInfo,
    failureFlash: true,
    failureRedirect: '/messages',
    successRedirect: '/me',
  })
  return {
    before: [passport.initialize(), passport.session(), flash()],
    handler(req: any, res: any, next: any) {
      if (req.path === '/login') return login(req, res, next)
      if (req.path === '/logout') {
        return req.logout({ keepSessionInfo }, (error: unknown) =>
          error ? next(error) : res.redirect('/me'),
        )
      }
      if (req.path === '/cart') req.session.cart = ['apple']
      if (req.path === '/flash') req.flash('info', 'saved')
      if (req.path === '/messages') return res.json(req.flash())
      if (req.path === '/csrf') return res.json(generateToken(req))
      if (req.path === '/change') {
        return csrfSynchronisedProtection(req, res, (error: unknown) =>
          error ? next(error) : res.json('changed'),
        )
      }
      return res.json({
        user: req.user?.id ?? null,
        auth: req.auth?.sub ?? null,
        cart: req.session.cart ?? null,
      })
    },
  }
}

for (const subject of SUBJECTS) {
  for (const { name, express } of EXPRESS_VERSIONS) {
    const kit = new Kit(subject, express)
    const serve = (t: any, keepSessionInfo = false) => {
      const { before, handler } = routes(keepSessionInfo)
      return kit.serve(t, {
        handler(req, res, next) {
          const run = (index: number) => (error?: unknown) =>
            error
              ? next(error)
              : index < before.length
                ? before[index](req, res, run(index + 1))
                : handler(req, res, next)
          run(0)()
        },
      })
    }

    describe(`Passport 0.7 with ${subject.name} on ${name}`, () => {
      test('login gives a new id and a user, logout another id and nobody', async (t) => {
        const { get, store } = await serve(t)
        const anonymous = sessionCookie(await get('/cart'))
        const login = await get('/login?user=7', { cookie: anonymous })
        assert.equal(login.headers.location, '/me')
        const cookie = sessionCookie(login)
        assert.notEqual(idIn(cookie), idIn(anonymous))
        const auth = kit.differs(null, '7')
        assert.deepEqual(JSON.parse((await get('/me', { cookie })).body), {
          user: '7',
          auth,
          cart: null,
        })
        const logout = await get('/logout', { cookie })
        const after = sessionCookie(logout)
        assert.notEqual(idIn(after), idIn(cookie))
        const nobody = { user: null, auth: null, cart: null }
        assert.deepEqual(JSON.parse((await get('/me', { cookie: after })).body), nobody)
        assert.deepEqual(JSON.parse((await get('/me', { cookie })).body), nobody)
        assert.deepEqual(Object.keys(store.sessions), [idIn(after)])
      })

      test('keepSessionInfo carries the data over, and the user not', async (t) => {
        const { get } = await serve(t, true)
        const anonymous = sessionCookie(await get('/cart'))
        const cookie = sessionCookie(await get('/login?user=7', { cookie: anonymous }))
        const auth = kit.differs(null, '7')
        const seen = JSON.parse((await get('/me', { cookie })).body)
        assert.deepEqual(seen, { user: '7', auth, cart: ['apple'] })
        const after = sessionCookie(await get('/logout', { cookie }))
        const nobody = JSON.parse((await get('/me', { cookie: after })).body)
        assert.deepEqual(nobody, { user: null, auth: null, cart: ['apple'] })
      })

      test('a login over a login ends the first', async (t) => {
        const { get, store } = await serve(t)
        const first = sessionCookie(await get('/login?user=1'))
        const second = sessionCookie(await get('/login?user=2', { cookie: first }))
        assert.equal(JSON.parse((await get('/me', { cookie: second })).body).user, '2')
        assert.equal(JSON.parse((await get('/me', { cookie: first })).body).user, null)
        assert.deepEqual(Object.keys(store.sessions), [idIn(second)])
      })

      test('connect-flash keeps a message for the next request, once', async (t) => {
        const { get } = await serve(t)
        const cookie = sessionCookie(await get('/flash'))
        assert.deepEqual(JSON.parse((await get('/messages', { cookie })).body), { info: ['saved'] })
        assert.deepEqual(JSON.parse((await get('/messages', { cookie })).body), {})
        const failed = await get('/login')
        assert.equal(failed.headers.location, '/messages')
        const messages = await get('/messages', { cookie: sessionCookie(failed) })
        assert.deepEqual(JSON.parse(messages.body), { error: ['no user'] })
      })

      test('csrf-sync keeps its token in the session', async (t) => {
        const { app, get } = await serve(t)
        const form = await get('/csrf')
        const cookie = sessionCookie(form)!
        const post = async (token: string): Promise<number> => {
          const headers = { 'x-csrf-token': token }
          return (await app.ask('/change', { method: 'POST', cookie, headers })).status
        }
        assert.equal(await post(JSON.parse(form.body)), 200)
        assert.equal(await post('wrong'), 403)
      })
    })
  }
}

test('R1 Passport 0.7: a store that fails says so, and nobody is logged in', async (t) => {
  const kit = new Kit(OURS, EXPRESS_VERSIONS[1]!.express)
  const { before, handler } = routes(false)
  const { get, store } = await kit.serve(t, {
    handler(req, res, next) {
      before[0](req, res, () => before[1](req, res, () => handler(req, res, next)))
    },
  })
  store.set = (_id: string, _data: object, done: any) => done(new Error('boom'))
  const reply = await get('/login?user=7')
  assert.deepEqual([reply.status, reply.cookies], [500, []])
})
