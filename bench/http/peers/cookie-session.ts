import { randomBytes } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { RequestListener } from 'node:http'
import { expressApp } from '../hosts/express.ts'
import { load } from '../load.ts'
import { sessionOf } from '../words.ts'

/** Keeps all data in a signed cookie. */
export function app(): RequestListener {
  const session = load('cookie-session') as (options: object) => RequestHandler
  const keys = [randomBytes(32).toString('hex')]
  return expressApp({
    mount: (express) => express.use(session({ name: 'session', keys, maxAge: 86_400_000 })),
    words: {
      login: (request, user, data) => Object.assign(sessionOf(request), { user }, data),
      userId: (request) => sessionOf(request).user?.id,
      data: sessionOf,
    },
  })
}
