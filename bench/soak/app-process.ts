// One process with an app on each store. It tells its parent their ports, and how it fares when asked.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setInterval } from 'node:timers/promises'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { createSessions, type Sessions, SessionError } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { LIVES, type Place, type Setting, openPlace, placesOf } from './places.ts'
import { type Vitals, vitals } from './vitals.ts'

export type AppVitals = Vitals & {
  /** How often each event happened by now, in each place. */
  readonly counts: Readonly<Partial<Record<Place, Sessions['counts']>>>
}

/** What an app keeps in a session: a number that is counted up, and notes that are only added to. */
interface Data {
  count?: number
  [note: string]: unknown
}

const SWEEP_EVERY_MS = 10_000
/** Short, so that no connection is left a moment after the traffic has stopped. */
const KEEP_ALIVE_MS = 1000

const setting = JSON.parse(process.argv[2]!) as Setting
const opened = new Map<Place, Sessions>()
const ports: Partial<Record<Place, number>> = {}
for (const place of placesOf(setting)) ports[place] = await start(place)
process.send?.(ports)

process.on('message', () => {
  const counts = Object.fromEntries(
    [...opened].map(([place, sessions]) => [place, sessions.counts]),
  )
  process.send?.({ ...vitals(), counts } satisfies AppVitals)
})
process.on('disconnect', () => process.exit())
for await (const _ of setInterval(SWEEP_EVERY_MS)) {
  for (const sessions of opened.values()) await sessions.sweep().catch(() => 0)
}

async function start(place: Place): Promise<number> {
  const app = express()
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sessions = createSessions({
    ...(await openPlace(place, setting)),
    ...LIVES,
    keys: { file: setting.ring },
    fields: [['id', 'uid', 'userId']],
    user: (id) => ({ id }),
    issuer: `http://127.0.0.1:${port}`,
  })
  opened.set(place, sessions)
  route(app, sessions)
  return port
}

function route(app: Express, sessions: Sessions): void {
  app.use(sessions.wellKnown)
  app.use(sessionMiddleware(sessions))
  app.get('/identity', (request, response) => {
    response.json({ user: request.auth?.['userId'] })
  })
  app.get('/read', (request, response) => {
    response.json({ user: request.auth?.['userId'], data: request.session })
  })
  app.post('/login/:user', async (request, response) => {
    await request.session.login({ id: request.params.user })
    response.json({})
  })
  app.post('/logout', async (request, response) => {
    await request.session.logout()
    response.json({})
  })
  app.use((request, response, next) => {
    if (request.auth === undefined) response.status(401).json({})
    else next()
  })
  app.post('/count', async (request, response) => {
    await request.session.update((data: Data) => {
      data.count = (data.count ?? 0) + 1
    })
    response.json({})
  })
  app.post('/note/:name', (request, response) => {
    ;(request.session as Data)[request.params.name] = true
    response.json({})
  })
  app.get('/devices', async (request, response) => {
    const devices = await sessions.forUser(request.auth!.sub)
    response.json({ devices: devices.length })
  })
  app.post('/revoke-all', async (request, response) => {
    await sessions.revokeAll(request.auth!.sub)
    response.json({})
  })
  app.post('/revoke-others', async (request, response) => {
    await sessions.revokeAll(request.auth!.sub, { except: request.session })
    response.json({})
  })
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const isOurs = error instanceof SessionError
    const body = { code: isOurs ? error.code : String(error) }
    response.status(isOurs ? error.status : 500).json(body)
  })
}
