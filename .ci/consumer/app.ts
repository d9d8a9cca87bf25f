// An app as the documentation shows it. It is compiled against the packed package, never run.
import express from 'express'
import { createServer } from 'node:http'
import { createSessions, defineFields, SessionError } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { memory } from 'symbolon/stores/memory'
import { sqlite } from 'symbolon/stores/sqlite'
import { login } from 'symbolon/testing'

interface User {
  id: string
  roles: string[]
  org: { name: string }
}

declare module 'symbolon' {
  interface Register {
    sessions: typeof sessions
    data: { cart: string[] }
  }
}

const sessions = createSessions({
  keys: process.env.SESSION_KEY,
  fields: defineFields<User>()([['id', 'uid', 'userId'], ['roles', 'r', 'roles'], 'org.name']),
  user: (id) => ({ id, roles: ['reader'], org: { name: 'Acme' } }),
  store: process.env.CI ? memory() : sqlite({ file: 'sessions.db' }),
})

const app = express()
app.use(sessionMiddleware(sessions))
app.use(sessions.wellKnown)

app.post('/login', async (req, res) => {
  await req.session.login({ id: '7', roles: ['reader'], org: { name: 'Acme' } }, { keep: ['cart'] })
  res.redirect('/')
})

app.get('/me', (req, res) => {
  const userId: string | undefined = req.auth?.userId
  const roles: string[] | undefined = req.auth?.r
  // @ts-expect-error no field has this name
  void req.auth?.password
  res.json({ userId, roles, cart: req.session.cart ?? [] })
})

app.post('/cart', async (req, res) => {
  req.session.cart = [...(req.session.cart ?? []), 'book']
  // @ts-expect-error the cart holds texts
  req.session.cart.push(7)
  try {
    await req.session.save()
    res.json(req.session.cart)
  } catch (error) {
    if (!(error instanceof SessionError) || error.code !== 'session_ended') throw error
    res.redirect('/login')
  }
})

createServer(app).listen(3000)

const { cookie } = await login(sessions, { id: '7', roles: [], org: { name: 'Acme' } })
console.log(cookie satisfies string)
