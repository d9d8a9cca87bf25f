import type * as theirs from 'express-session'
import type { RequestAuth } from '../register.ts'
import type { ConnectStore } from '../stores/connect/calls.ts'
import { factory } from './factory.ts'
import type { TokenOptions } from './options.ts'
import type { DropInSessions } from './sessions.ts'

declare module 'express-session' {
  interface Session {
    /** Stores the session now rather than before the answer. */
    save(): Promise<void>
    /** Reads the session again into a new `req.session`; changes not saved are dropped. */
    reload(): Promise<void>
    /** Ends the session; `req.session` is a new one under a new id when this is done. */
    regenerate(): Promise<void>
    /** Ends the session: `req.session` is gone at once, the stored one when this is done. */
    destroy(): Promise<void>
  }
}

declare global {
  namespace Express {
    interface Request {
      /** Who the user is; undefined unless a living session was found that is bound to one. */
      readonly auth: RequestAuth | undefined
    }
  }
}

/** A session's cookie; `'auto'` is resolved by the request that begins the session. */
export interface CookieOptions extends Omit<theirs.CookieOptions, 'sameSite'> {
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
}

/** Express's own, as its types come with those of express-session. */
// oxlint-disable-next-line typescript/consistent-type-imports -- users without esModuleInterop
type RequestHandler = ReturnType<typeof import('express-session')>

type TheirOptions = Omit<theirs.SessionOptions, 'secret' | 'store' | 'cookie'>

/** The options of express-session 1.19 with their defaults, and those of tokens and users. */
export interface SessionOptions extends TheirOptions, TokenOptions {
  /** What signed the cookies of express-session; tokens are signed by a key derived of the first. */
  secret?: theirs.SessionOptions['secret'] | undefined
  /** Another word for `name`. */
  key?: string | undefined
  /** Any store made for express-session. */
  store?: ConnectStore | undefined
  cookie?: CookieOptions | ((req: Parameters<RequestHandler>[0]) => CookieOptions) | undefined
}

/** The middleware, and what express-session has no words for. */
export interface SessionMiddleware extends RequestHandler {
  readonly sessions: DropInSessions
}

interface SessionFactory {
  (options?: SessionOptions): SessionMiddleware
  readonly Store: typeof theirs.Store
  readonly Cookie: typeof theirs.Cookie
  readonly Session: typeof theirs.Session
  readonly MemoryStore: typeof theirs.MemoryStore
}

/**
 * express-session, whose cookie is a token that every other service can read: the import is all that
 * an app changes. Its options, defaults, words, stores and events are express-session's 1.19; what
 * differs is told in docs/moving-from-express-session.md.
 *
 * @throws TypeError for a wrong option, in express-session's words
 * @throws SessionError `invalid_option`, `invalid_key`
 *
 * @example
 * import session from 'symbolon/express-session'
 *
 * app.use(session({ secret, store, resave: false, saveUninitialized: false }))
 */
const session: SessionFactory = factory as unknown as SessionFactory

/** `session.SessionData` and the like, as with express-session. */
declare namespace session {
  export type Cookie = theirs.Cookie
  export type MemoryStore = theirs.MemoryStore
  export type Session = theirs.Session
  // oxlint-disable-next-line no-shadow -- both are names that users know
  export type SessionData = theirs.SessionData
  export type Store = theirs.Store
}

/** A session's cookie as it is stored. */
const Cookie: typeof theirs.Cookie = session.Cookie
type Cookie = theirs.Cookie

/** Keeps sessions in this process: for development. */
const MemoryStore: typeof theirs.MemoryStore = session.MemoryStore
type MemoryStore = theirs.MemoryStore

/** What `req.session` is. */
const Session: typeof theirs.Session = session.Session
type Session = theirs.Session

/** What stores inherit. */
const Store: typeof theirs.Store = session.Store
type Store = theirs.Store

/** What the app keeps in a session: augment it in the module `express-session`, as before. */
type SessionData = theirs.SessionData

export type { DropInSessions, SessionData }
export { Cookie, MemoryStore, Session, Store, session as default, session as 'module.exports' }
