import { Cookie } from './cookie.ts'
import { MemoryStore } from './memory-store.ts'
import { type Middleware, createMiddleware } from './middleware.ts'
import { type ExpressSessionOptions, resolveConfig } from './options.ts'
import { Session } from './session.ts'
import { type DropInSessions, sessionsOf } from './sessions.ts'
import { Store } from './store.ts'

/** The function that `express-session` is, and what hangs on it; index.ts gives it its types. */
export interface Factory {
  (options?: ExpressSessionOptions): Middleware & { readonly sessions: DropInSessions }
  readonly Store: typeof Store
  readonly Cookie: typeof Cookie
  readonly Session: typeof Session
  readonly MemoryStore: typeof MemoryStore
}

export const factory: Factory = Object.assign(
  function session(options: ExpressSessionOptions = {}): ReturnType<Factory> {
    const { middleware, events } = createMiddleware(resolveConfig(options))
    return Object.assign(middleware, { sessions: sessionsOf(events) })
  },
  { Store, Cookie, Session, MemoryStore },
)
