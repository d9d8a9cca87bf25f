import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { SessionError } from '../errors.ts'
import type { RequestFacts } from '../session/open.ts'
import { isPromise } from '../session/steps.ts'
import type { Visit } from '../session/visit.ts'
import type { Sessions } from '../sessions.ts'
import { sendAnswer } from './error-answer.ts'
import { HeadHooks, type Next, type NodeResponse, isResponse } from './head-hooks.ts'
import { type PropertyNames, createProperties } from './request-properties.ts'
import { ResponseHead } from './response-head.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest

/** Middleware as Connect invented it. */
export type Middleware = (request: NodeRequest, response: NodeResponse, next: Next) => void

const mounted = new WeakMap<Sessions, { middleware: Middleware; names: string }>()

/**
 * The one middleware of these sessions: a request that passes it twice is opened once.
 *
 * @throws SessionError `invalid_option` if the sessions are mounted under other names already
 */
export function connectMiddleware(sessions: Sessions, options: PropertyNames = {}): Middleware {
  const { sessionProperty = 'session', requestProperty = 'auth' } = options
  const names = `req.${sessionProperty} and req.${requestProperty}`
  const known = mounted.get(sessions)
  if (known !== undefined && known.names !== names) {
    throw new SessionError('invalid_option', `These sessions are mounted as ${known.names} already`)
  }
  const middleware =
    known?.middleware ?? createMiddleware(sessions, sessionProperty, requestProperty)
  mounted.set(sessions, { middleware, names })
  return middleware
}

function createMiddleware(sessions: Sessions, ...names: [string, string]): Middleware {
  const hooks = new HeadHooks(refuse)
  const { slot } = hooks
  const expose = createProperties(slot, ...names)

  function refuse(error: unknown, response: NodeResponse, next: Next): void {
    try {
      const answer = error instanceof SessionError ? sessions.onError?.(error) : undefined
      if (answer !== undefined && isResponse(response)) return sendAnswer(response, answer)
    } catch (thrown) {
      return next(thrown)
    }
    next(error)
  }

  function enter(request: NodeRequest, response: NodeResponse, next: Next, visit: Visit): void {
    if (isResponse(response)) visit.response = response
    const head = new ResponseHead(hooks, response, next, visit)
    ;(request as object as Record<symbol, ResponseHead>)[slot] = head
    next()
  }

  return function session(request, response, next) {
    let opened
    try {
      expose(request)
      if (slot in request) return next()
      opened = sessions.open(factsOf(request))
    } catch (error) {
      return refuse(error, response, next)
    }
    if (!isPromise(opened)) return enter(request, response, next, opened)
    opened.then(
      (visit) => enter(request, response, next, visit),
      (error: unknown) => refuse(error, response, next),
    )
  }
}

/** Node has joined several `Cookie` lines and HTTP/2's crumbs by '; ' (RFC 9113 §8.2.3). */
export function factsOf({ headers, method = '' }: NodeRequest): RequestFacts {
  return { cookie: headers.cookie, method, navigation: headers['sec-fetch-dest'] === 'document' }
}
