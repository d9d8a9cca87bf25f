import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { RequestListener } from 'node:http'
import { PATHS, type Peer, routesOf } from '../words.ts'

export type FastifyPeer = Peer<FastifyInstance, FastifyRequest>

export async function fastifyApp({ mount, words }: FastifyPeer): Promise<RequestListener> {
  const app = fastify()
  await mount?.(app)
  const routes = routesOf(words)
  for (const path of PATHS) app.get(`/${path}`, (request) => routes[path](request))
  app.post('/login', (request) => routes.login(request))
  await app.ready()
  return (request, response) => app.routing(request, response)
}
