import { randomBytes } from 'node:crypto'
import type { FastifyPluginCallback } from 'fastify'
import type { RequestListener } from 'node:http'
import { fastifyApp } from '../hosts/fastify.ts'
import { load } from '../load.ts'
import { type UserData, sessionOf } from '../words.ts'

interface FastifySession extends UserData {
  regenerate(): Promise<void>
}

/** Without `rolling`, its default, which would write every session that is read. */
export function app(): RequestListener | Promise<RequestListener> {
  const cookie = load('@fastify/cookie') as FastifyPluginCallback
  const session = load('@fastify/session') as FastifyPluginCallback<object>
  const secret = randomBytes(32).toString('hex')
  const options = { secret, cookie: { secure: false }, saveUninitialized: false, rolling: false }
  return fastifyApp({
    async mount(fastify) {
      await fastify.register(cookie)
      await fastify.register(session, options)
    },
    words: {
      async login(request, user, data) {
        await (sessionOf(request) as FastifySession).regenerate()
        Object.assign(sessionOf(request), { user }, data)
      },
      userId: (request) => sessionOf(request).user?.id,
      data: sessionOf,
    },
  })
}
