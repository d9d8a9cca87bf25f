import { randomBytes } from 'node:crypto'
import type { Request } from 'express'
import type { RequestListener } from 'node:http'
import { expressApp } from '../hosts/express.ts'
import { load } from '../load.ts'
import type { UserData } from '../words.ts'

interface IronSession extends UserData {
  save(): Promise<void>
}

/** Keeps all data in an encrypted cookie. */
export function app(): RequestListener {
  const { getIronSession } = load('iron-session') as {
    getIronSession: (request: object, response: object, options: object) => Promise<IronSession>
  }
  const options = { cookieName: 'session', password: randomBytes(32).toString('hex') }
  const sessionOf = (request: Request): Promise<IronSession> =>
    getIronSession(request, request.res!, options)
  return expressApp({
    words: {
      async login(request, user, data) {
        await Object.assign(await sessionOf(request), { user }, data).save()
      },
      userId: async (request) => (await sessionOf(request)).user?.id,
      data: sessionOf,
      save: (_request, session) => (session as IronSession).save(),
    },
  })
}
