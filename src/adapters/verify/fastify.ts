import type { IncomingHttpHeaders } from 'node:http'
import type { Verifier } from '../../verify/index.ts'
import { CACHE_CONTROL, type RequireAuthOptions, createGuard } from './guard.ts'
import { guardedRequest } from './node-facts.ts'

/** What of Fastify's reply is used. */
export interface FastifyReplyLike {
  code(status: number): unknown
  header(name: string, value: string): unknown
  getHeader(name: string): unknown
  hasHeader(name: string): boolean
  send(payload?: unknown): unknown
}

/**
 * A hook (`onRequest`, `preHandler`) for Fastify, in a service that only verifies: whoever has a
 * session passes, and is `request.auth`. Others are answered as `requireAuth` for Express does.
 *
 * @example
 * const verify = createVerifier({ app: 'https://app.example' })
 * declare module 'fastify' {
 *   interface FastifyRequest { auth: Awaited<ReturnType<typeof verify>> }
 * }
 * app.addHook('onRequest', requireAuth(verify))
 * app.get('/me', (request) => request.auth)
 */
export function requireAuth<Claims>(
  verify: Verifier<Claims>,
  options: RequireAuthOptions = {},
): (
  request: { readonly headers: IncomingHttpHeaders; readonly method: string },
  reply: FastifyReplyLike,
) => Promise<unknown> {
  const admit = createGuard(verify, options)
  return async function guard(request, reply) {
    const { auth, refusal } = await admit(guardedRequest(request))
    const vary = reply.getHeader('vary')
    reply.header('vary', typeof vary === 'string' ? `${vary}, ${verify.header}` : verify.header)
    if (refusal !== undefined) {
      reply.code(refusal.status)
      for (const [name, value] of Object.entries(refusal.headers)) reply.header(name, value)
      return reply.send()
    }
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', CACHE_CONTROL)
    Object.assign(request, { auth })
    return undefined
  }
}

export type { RequireAuthOptions } from './guard.ts'
