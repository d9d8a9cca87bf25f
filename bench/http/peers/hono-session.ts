import { randomBytes } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { RequestListener } from 'node:http'
import { honoApp } from '../hosts/hono.ts'
import { load } from '../load.ts'
import type { UserData } from '../words.ts'

interface HonoSession {
  get(): Promise<UserData | null>
  update(data: UserData): Promise<void>
}

/** With storage, since by default it keeps all data in the cookie. */
export function app(): RequestListener {
  const { useSession, useSessionStorage } = load('@hono/session') as {
    useSession: (options: object) => MiddlewareHandler
    useSessionStorage: (storage: object) => MiddlewareHandler
  }
  const stored = new Map<string, UserData>()
  const storage = {
    get: (id: string) => stored.get(id) ?? null,
    set: (id: string, value: UserData) => void stored.set(id, value),
    delete: (id: string) => void stored.delete(id),
  }
  const secret = randomBytes(32).toString('hex')
  const duration = { absolute: 86_400 }
  return honoApp({
    mount: (hono) => hono.use(useSessionStorage(storage), useSession({ secret, duration })),
    words: {
      login: (context, user, data) => sessionOf(context).update({ user, ...data }),
      userId: async (context) => (await sessionOf(context).get())?.user?.id,
      data: async (context) => (await sessionOf(context).get()) ?? {},
      save: (context, data) => sessionOf(context).update(data),
    },
  })
}

function sessionOf(context: Context): HonoSession {
  return context.get('session') as HonoSession
}
