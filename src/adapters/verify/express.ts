import type { RequestAuth } from '../../register.ts'
import type { Verifier } from '../../verify/index.ts'
import type { Middleware, NodeRequest } from '../connect.ts'
import { sendAnswer } from '../error-answer.ts'
import type { NodeResponse } from '../head-hooks.ts'
import { type Admission, CACHE_CONTROL, type RequireAuthOptions, createGuard } from './guard.ts'
import { guardedRequest } from './node-facts.ts'

declare global {
  namespace Express {
    interface Request {
      readonly auth: RequestAuth | undefined
    }
  }
}

/**
 * Middleware for Express 4 and 5, Connect and node:http, in a service that only verifies. Whoever
 * has a session passes, and is `req.auth`. Others are answered 401, whose `WWW-Authenticate` tells
 * an expired token from none; an unsafe request that another origin's page sent is answered 403; and
 * 503 if the app cannot be reached for its keys.
 *
 * @example
 * const verify = createVerifier({ app: 'https://app.example' })
 * app.use('/api', requireAuth(verify))
 * app.get('/api/me', (req, res) => res.json(req.auth))
 */
export function requireAuth<Claims>(
  verify: Verifier<Claims>,
  options: RequireAuthOptions = {},
): Middleware {
  const admit = createGuard(verify, options)
  return function guard(request, response, next) {
    admit(guardedRequest(request)).then((admission) => {
      // Meanwhile the app may have answered itself, of a request that took too long.
      if (response.headersSent) return
      response.appendHeader('vary', verify.header)
      return enter(admission, request, response, next)
    }, next)
  }
}

function enter(
  { auth, refusal }: Admission<unknown>,
  request: NodeRequest,
  response: NodeResponse,
  next: () => void,
): void {
  if (refusal !== undefined) return sendAnswer(response, refusal)
  if (!response.hasHeader('cache-control')) response.setHeader('cache-control', CACHE_CONTROL)
  Object.assign(request, { auth })
  next()
}

export type { RequireAuthOptions } from './guard.ts'
