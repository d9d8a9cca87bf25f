// Compiled, never run: what the adapters' types promise to users.
import connect from 'connect'
import express from 'express'
import fastify from 'fastify'
import { type IncomingMessage, createServer } from 'node:http'
import { createServer as createHttp2, type Http2ServerRequest } from 'node:http2'
import { sessionMiddleware } from '../../src/adapters/express.ts'
import { sessionPlugin } from '../../src/adapters/fastify.ts'
import { withSession as withFetchSession } from '../../src/adapters/fetch.ts'
import { withSession } from '../../src/adapters/node.ts'
import { createSessions } from '../../src/sessions.ts'
import { defineFields } from '../../src/token/fields.ts'

interface User {
  readonly id: string
  readonly roles: readonly string[]
}

const sessions = createSessions({
  keys: process.env['SESSION_KEY'],
  fields: defineFields<User>()([['roles', 'r', 'roles']]),
})

const app = express()
app.use(sessionMiddleware(sessions))
app.use('/path', sessionMiddleware(sessions, { sessionProperty: 'session' }))
app.get('/', async (req, res) => {
  req.session['cart'] = ['apple']
  await req.session.save()
  res.send(req.auth?.sub)
})
connect().use(sessionMiddleware(sessions))

const api = fastify()
void api.register(sessionPlugin, { sessions, requestProperty: 'who' })
// @ts-expect-error they are made beforehand
void api.register(sessionPlugin, { keys: 'x' })
api.get('/', async (request) => {
  request.session['cart'] = ['apple']
  await request.session.save()
  // @ts-expect-error nobody is logged out by an assignment
  request.auth = undefined
})
api.get('/who', async (request) => {
  const sub: string | undefined = request.auth?.sub
  return sub
})
void fastify({ http2: true }).register(sessionPlugin, { sessions })

createServer(
  withSession(sessions, async (request, response) => {
    request satisfies IncomingMessage
    await request.session.login({ id: 'ada', roles: [] })
    // @ts-expect-error a user of these sessions has roles
    await request.session.login({ id: 'ada' })
    const roles: readonly string[] | undefined = request.auth?.roles
    // @ts-expect-error no such field
    void request.auth?.plan
    response.writeHead(200).end(roles?.join())
  }),
)

createHttp2(
  withSession(sessions, (request, response) => {
    request satisfies Http2ServerRequest
    response.stream.end(request.auth?.sub)
  }),
)

export default {
  fetch: withFetchSession(sessions, async (request, { session, auth }, env: { name: string }) => {
    await session.login({ id: request.url, roles: auth?.roles ?? [] })
    return new Response(env.name)
  }),
} satisfies { fetch(request: Request, env: { name: string }): Promise<Response> }
