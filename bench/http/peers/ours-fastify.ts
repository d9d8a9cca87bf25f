import type { RequestListener } from 'node:http'
import type { Sessions } from 'symbolon'
import { sessionPlugin } from 'symbolon/fastify'
import { fastifyApp } from '../hosts/fastify.ts'
import { ourWords } from '../ours.ts'

export function app(sessions: Sessions): Promise<RequestListener> {
  return fastifyApp({
    mount: (fastify) => fastify.register(sessionPlugin, { sessions }),
    words: ourWords((request) => request),
  })
}
