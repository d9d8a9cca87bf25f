import type { IncomingHttpHeaders } from 'node:http'
import type { Verifier } from '../../verify/index.ts'
import { CACHE_CONTROL, type RequireAuthOptions, createGuard } from './guard.ts'
import { guardedRequest } from './node-facts.ts'

/** What of Koa's context is used. */
export interface KoaContext {
  readonly headers: IncomingHttpHeaders
  readonly method: string
  readonly state: Record<string, unknown>
  readonly response: { has(name: string): boolean }
  status: number
  vary(name: string): void
  set(headers: Record<string, string>): void
}

/**
 * Middleware for Koa, in a service that only verifies: whoever has a session passes, and is
 * `ctx.state.auth`. Others are answered as `requireAuth` for Express does.
 *
 * @example
 * const verify = createVerifier({ app: 'https://app.example' })
 * app.use(requireAuth(verify))
 * app.use((ctx) => (ctx.body = ctx.state.auth))
 */
export function requireAuth<Claims>(
  verify: Verifier<Claims>,
  options: RequireAuthOptions = {},
): (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void> {
  const admit = createGuard(verify, options)
  return async function guard(ctx, next) {
    const { auth, refusal } = await admit(guardedRequest(ctx))
    ctx.vary(verify.header)
    if (refusal !== undefined) {
      ctx.status = refusal.status
      ctx.set({ ...refusal.headers })
      return
    }
    if (!ctx.response.has('cache-control')) ctx.set({ 'cache-control': CACHE_CONTROL })
    ctx.state['auth'] = auth
    await next()
  }
}

export type { RequireAuthOptions } from './guard.ts'
