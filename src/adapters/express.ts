import type { RequestAuth, SessionObject } from '../register.ts'
import type { Sessions } from '../sessions.ts'
import { type Middleware, connectMiddleware } from './connect.ts'
import type { PropertyNames } from './request-properties.ts'

declare global {
  namespace Express {
    interface Request {
      readonly session: SessionObject
      /** Who the user is; undefined unless a living session was found that is bound to one. */
      readonly auth: RequestAuth | undefined
    }
  }
}

/**
 * Middleware for Express 4 and 5, Connect, node:http and node:http2. It gives requests `req.session`
 * and `req.auth`, both found when they are first read, and stores what became of the session before
 * the first byte of the answer. Errors of the store go to the app's error handlers, unless `onError`
 * answers them.
 *
 * Mount it once, before all that reads the session. Two different sessions in one app need names of
 * their own.
 *
 * @throws SessionError `invalid_option` if the sessions are mounted under other names already
 *
 * @example
 * app.use(sessionMiddleware(sessions))
 * app.post('/login', async (req, res) => {
 *   await req.session.login(await authenticate(req.body))
 *   res.redirect('/')
 * })
 * // Set-Cookie: __Host-session=eyJ…; Path=/; HttpOnly; Secure; SameSite=Lax
 */
export function sessionMiddleware(sessions: Sessions, options: PropertyNames = {}): Middleware {
  return connectMiddleware(sessions, options)
}

export type { PropertyNames as SessionMiddlewareOptions }
