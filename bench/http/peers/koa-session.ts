import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { type Koa, koaApp } from '../hosts/koa.ts'
import { load } from '../load.ts'
import { sessionOf } from '../words.ts'

/** With a store, since by default it keeps all data in the cookie. */
export function app(): RequestListener {
  const session = load('koa-session') as {
    default(options: object, app: Koa): Parameters<Koa['use']>[0]
  }
  const stored = new Map<string, object>()
  const store = {
    get: async (key: string) => stored.get(key),
    set: async (key: string, value: object) => void stored.set(key, value),
    destroy: async (key: string) => void stored.delete(key),
  }
  return koaApp({
    mount(koa) {
      koa.keys = [randomBytes(32).toString('hex')]
      koa.use(session.default({ store }, koa))
    },
    words: {
      login: (context, user, data) => Object.assign(sessionOf(context), { user }, data),
      userId: (context) => sessionOf(context).user?.id,
      data: sessionOf,
    },
  })
}
