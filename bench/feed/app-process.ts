// One process of the app. It tells its parent its port.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createSessions } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { type Place, openStore } from './stores.ts'

/** What the processes of one app have in common; the first one is whom the others name as issuer. */
export interface AppOptions {
  readonly place: Place
  readonly keys: object
  readonly issuer?: string
}

const { place, keys, issuer } = JSON.parse(process.argv[2]!) as AppOptions
const store = await openStore(place)
const app = express()
const server = createServer(app)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  const sessions = createSessions({
    keys,
    store,
    issuer: issuer ?? `http://127.0.0.1:${port}`,
    maxStale: '10s',
  })
  app.use(sessions.wellKnown)
  app.use(sessionMiddleware(sessions))
  app.post('/login/:user', async (request, response) => {
    await request.session.login({ id: request.params.user })
    response.sendStatus(204)
  })
  app.post('/logout', async (request, response) => {
    await request.session.logout()
    response.sendStatus(204)
  })
  app.get('/me', (request, response) => {
    response.sendStatus(request.auth === undefined ? 401 : 204)
  })
  process.send?.(port)
})
process.on('disconnect', () => process.exit())
