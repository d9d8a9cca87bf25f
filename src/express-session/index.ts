import { Cookie } from './cookie.ts'
import { MemoryStore } from './memory-store.ts'
import { type Middleware, createMiddleware } from './middleware.ts'
import { type ExpressSessionOptions, resolveConfig } from './options.ts'
import { Session } from './session.ts'
import { type DropInSessions, sessionsOf } from './sessions.ts'
import { Store } from './store.ts'

export default function session(
  options: ExpressSessionOptions = {},
): Middleware & { readonly sessions: DropInSessions } {
  const { middleware, events } = createMiddleware(resolveConfig(options))
  return Object.assign(middleware, { sessions: sessionsOf(events) })
}

session.Store = Store
session.Cookie = Cookie
session.Session = Session
session.MemoryStore = MemoryStore

export { session as 'module.exports', Cookie, MemoryStore, Session, Store }
