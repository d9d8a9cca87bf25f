import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionObject } from '../register.ts'
import type { Sessions } from '../sessions.ts'
import { type NodeRequest, connectMiddleware } from './connect.ts'
import { bareAnswer, sendAnswer } from './error-answer.ts'
import type { NodeResponse } from './head-hooks.ts'

/** What a listener finds on its request. */
export interface SessionRequest<User, Auth> {
  readonly session: SessionObject<User>
  /** Who the user is; undefined unless a living session was found that is bound to one. */
  readonly auth: Auth | undefined
}

/**
 * Wraps a request listener of node:http, or of node:http2's compatibility API: the request gets
 * `session` and `auth`, and what the listener did to the session is stored before its answer begins.
 * A session that cannot be stored is answered by `onError`, without it by a bare 500 or 409.
 *
 * @example
 * createServer(withSession(sessions, (request, response) => {
 *   request.session.visits = (request.session.visits ?? 0) + 1
 *   response.end(`visit ${request.session.visits}`)
 * }))
 */
export function withSession<
  User,
  Auth,
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse = ServerResponse,
>(
  sessions: Sessions<User, Auth>,
  listener: (request: Request & SessionRequest<User, Auth>, response: Response) => unknown,
): (request: Request, response: Response) => void {
  const middleware = connectMiddleware(sessions)
  return function sessionListener(request, response) {
    middleware(request, response, (error) => {
      if (error === undefined) listener(request as Request & SessionRequest<User, Auth>, response)
      else sendAnswer(response, bareAnswer(error))
    })
  }
}
