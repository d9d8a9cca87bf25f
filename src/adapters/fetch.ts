import { SessionError } from '../errors.ts'
import type { SessionObject } from '../register.ts'
import type { RequestFacts } from '../session/open.ts'
import type { Visit } from '../session/visit.ts'
import type { Sessions } from '../sessions.ts'
import { bareAnswer } from './error-answer.ts'
import { answerOf, withChanges } from './fetch-head.ts'

/** What a handler is given beside its request. Reading either makes the answer depend on the cookie. */
export interface SessionContext<User, Auth> {
  readonly session: SessionObject<User>
  /** Who the user is; undefined unless a living session was found that is bound to one. */
  readonly auth: Auth | undefined
}

/**
 * Wraps a fetch handler of any runtime. What the handler did to the session is stored when it returns
 * its response, before that is handed on; a handler that throws stores nothing, and its error goes on,
 * unless it is a `SessionError`: that is answered by `onError`, or by a bare 500 or 409.
 * Changes made while a body streams need `session.save()`, and cannot set a cookie any more.
 *
 * @example
 * export default {
 *   fetch: withSession(sessions, async (request, { session }) => {
 *     session.visits = (session.visits ?? 0) + 1
 *     return new Response(`visit ${session.visits}`)
 *   }),
 * }
 */
export function withSession<User, Auth, Rest extends unknown[]>(
  sessions: Sessions<User, Auth>,
  handler: (
    request: Request,
    context: SessionContext<User, Auth>,
    ...rest: Rest
  ) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async function sessionHandler(request, ...rest) {
    let visit: Visit | undefined
    let response: Response
    try {
      visit = await sessions.open(factsOf(request))
      visit.response = closingWith(request)
      response = await handler(request, contextOf<User, Auth>(visit), ...rest)
    } catch (error) {
      response = errorResponse(sessions, error)
    }
    return visit?.headPending ? commit(sessions, visit, response) : response
  }
}

/** What a handler may see of the visit: read when it is asked for. */
function contextOf<User, Auth>(visit: Visit): SessionContext<User, Auth> {
  return {
    get session() {
      return visit.session as SessionObject<User>
    },
    get auth() {
      return visit.auth as Auth | undefined
    },
  }
}

async function commit(sessions: Sessions, visit: Visit, response: Response): Promise<Response> {
  // An upgrade (101) has no head to add to, and Response.error() (0) none at all.
  if (response.status < 200 || ('webSocket' in response && response.webSocket)) return response
  const changes = await visit.commit(answerOf(response))
  if (changes.error === undefined) return withChanges(response, changes)
  const failure = errorResponse(sessions, changes.error)
  return withChanges(failure, await visit.commit(answerOf(failure)))
}

function errorResponse(sessions: Sessions, error: unknown): Response {
  if (!(error instanceof SessionError)) throw error
  const { status, headers = {}, body = null } = sessions.onError?.(error) ?? bareAnswer(error)
  return new Response(body, { status, headers })
}

/**
 * A client that goes away is all that a fetch handler hears of a response's end. The signal is asked
 * for when it is needed: Node's servers make it, and the whole request, only then.
 */
function closingWith(request: Request): Visit['response'] {
  return {
    once: (_close, listener) => request.signal.addEventListener('abort', listener, { once: true }),
  }
}

function factsOf({ headers, method }: Request): RequestFacts {
  return {
    cookie: headers.get('cookie') ?? undefined,
    method,
    navigation: headers.get('sec-fetch-dest') === 'document',
  }
}
