import { randomBytes } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { RequestListener } from 'node:http'
import { promisify } from 'node:util'
import { expressApp } from '../hosts/express.ts'
import { load } from '../load.ts'
import { type UserData, sessionOf } from '../words.ts'

interface ClassicSession extends UserData {
  regenerate(callback: (error: unknown) => void): void
  save(callback: (error: unknown) => void): void
}

/**
 * With the options and the login that its documentation advises.
 *
 * @param name the drop-in says the same
 * @param store by default the one that it comes with
 */
export function app(
  name: 'express-session' | 'symbolon/express-session',
  store?: object,
): RequestListener {
  const session = load(name) as (options: object) => RequestHandler
  const secret = randomBytes(32).toString('hex')
  return expressApp({
    mount: (express) =>
      express.use(session({ secret, store, resave: false, saveUninitialized: false })),
    words: {
      async login(request, user, data) {
        const before = sessionOf(request) as ClassicSession
        await promisify(before.regenerate.bind(before))()
        const after = Object.assign(sessionOf(request) as ClassicSession, { user }, data)
        await promisify(after.save.bind(after))()
      },
      userId: (request) => sessionOf(request).user?.id,
      data: sessionOf,
    },
  })
}
