// One process of an app that moves: `theirs`, `old` or `token`, over the Redis at REDIS_PORT.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { OURS, SECRET, THEIRS } from './subjects.ts'

const require = createRequire(import.meta.url)
const express = require('express')
const { RedisStore } = require('connect-redis')
const { createClient } = require('redis')
const { Passport, Strategy } = require('passport')

const kind = process.argv[2]
const client = createClient({ url: `redis://127.0.0.1:${process.env['REDIS_PORT']}` })
await client.connect()

class QueryStrategy extends Strategy {
  readonly name = 'query'
  authenticate(this: any, req: any): void {
    this.success({ id: req.query.user })
  }
}

const passport = new Passport()
passport.use(new QueryStrategy())
passport.serializeUser((user: any, done: any) => done(null, user.id))
passport.deserializeUser((id: string, done: any) => done(null, { id }))

const { session } = kind === 'theirs' ? THEIRS : OURS
const app = express()
app.use(
  session({
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { maxAge: 600_000 },
    store: new RedisStore({ client }),
    ...(kind === 'old' && { migrate: { write: 'old' } }),
  }),
)
app.use(passport.initialize())
app.use(passport.session())
app.get(
  '/login',
  passport.authenticate('query', { keepSessionInfo: true }),
  (_req: any, res: any) => res.end(),
)
app.get('/', (req: any, res: any) => {
  if (req.query.note) req.session[req.query.note] = true
  const notes = Object.keys(req.session).filter((name) => name.startsWith('note-'))
  res.json({ user: req.user?.id ?? null, id: req.session.id, notes })
})

const server = createServer(app).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
