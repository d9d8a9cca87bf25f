import type { Verifier } from '../../verify/index.ts'
import { CACHE_CONTROL, type RequireAuthOptions, createGuard } from './guard.ts'

/** What of Hono's context is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request }
  readonly res: Response
  set(name: string, value: unknown): void
  header(name: string, value: string, options?: { append?: boolean }): void
}

/**
 * Middleware for Hono on any runtime, in a service that only verifies: whoever has a session passes,
 * and is `c.get('auth')`. Others are answered as `requireAuth` for Express does.
 *
 * @example
 * const verify = createVerifier({ app: 'https://app.example' })
 * const app = new Hono<{ Variables: { auth: Awaited<ReturnType<typeof verify>> } }>()
 * app.use(requireAuth(verify))
 * app.get('/me', (c) => c.json(c.get('auth')))
 */
export function requireAuth<Claims>(
  verify: Verifier<Claims>,
  options: RequireAuthOptions = {},
): (c: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  const admit = createGuard(verify, options)
  return async function guard(c, next) {
    const { method, url, headers } = c.req.raw
    const { auth, refusal } = await admit({
      source: { headers },
      method,
      upgrade: headers.has('upgrade'),
      host: new URL(url).host,
      origin: headers.get('origin') ?? undefined,
      site: headers.get('sec-fetch-site') ?? undefined,
    })
    if (refusal !== undefined) {
      const { status } = refusal
      return new Response(null, { status, headers: { ...refusal.headers, vary: verify.header } })
    }
    c.set('auth', auth)
    await next()
    // Only now: a handler may answer with a response of its own making.
    c.header('vary', verify.header, { append: true })
    if (!c.res.headers.has('cache-control')) c.header('cache-control', CACHE_CONTROL)
    return undefined
  }
}

export type { RequireAuthOptions } from './guard.ts'
