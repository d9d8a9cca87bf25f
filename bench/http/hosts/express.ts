import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import type { RequestListener } from 'node:http'
import { PATHS, type Peer, routesOf, andThen } from '../words.ts'

export type ExpressPeer = Peer<Express, Request>

export function expressApp({ mount, words }: ExpressPeer): RequestListener {
  const app = express()
  mount?.(app)
  const routes = routesOf(words)
  for (const path of PATHS) {
    app.get(`/${path}`, (request, response) => {
      return andThen(routes[path](request), (answer) => void response.json(answer))
    })
  }
  app.post('/login', async (request, response) => void response.json(await routes.login(request)))
  app.use(unauthorized)
  return app
}

/** Some libraries pass an error on for a cookie that they do not believe. */
const unauthorized: ErrorRequestHandler = (error, _request, response, next) => {
  if ((error as { status?: number }).status === 401) response.status(401).json({ value: 'nobody' })
  else next(error)
}
