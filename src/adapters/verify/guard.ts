import { originOf } from '../../verify/address.ts'
import type { CheckResult, VerifiableRequest, Verifier } from '../../verify/index.ts'

/** Options of `requireAuth`. */
export interface RequireAuthOptions {
  /**
   * Whose pages may send unsafe requests (POST, PUT, DELETE …), beside the service's own: origins, or
   * `'any'` for no check. Default: the app's.
   */
  readonly origins?: readonly string[] | 'any'
  /** Lets requests of nobody pass too, without `auth`; default false. */
  readonly optional?: boolean
}

/** What the guard needs to know of a request; no framework's type. */
export interface GuardedRequest {
  /** Where the cookie is. */
  readonly source: VerifiableRequest
  readonly method: string
  /** Whether it asks for another protocol (RFC 9110 §7.8). */
  readonly upgrade: boolean
  readonly host: string | undefined
  readonly origin: string | undefined
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined
}

/** The answer to whoever may not pass. */
export interface Refusal {
  readonly status: 401 | 403 | 503
  readonly headers: Readonly<Record<string, string>>
}

/** Exactly one of both, but for requests of nobody that may pass. */
export interface Admission<Claims> {
  readonly auth?: Claims | undefined
  readonly refusal?: Refusal
}

/** What depends on the cookie is for one user alone, unless the service says otherwise. */
export const CACHE_CONTROL = 'private'

/** The one guard of all frameworks: who passes, and what the others are told. */
export function createGuard<Claims>(
  verify: Verifier<Claims>,
  options: RequireAuthOptions,
): (request: GuardedRequest) => Promise<Admission<Claims>> {
  const { optional = false, origins = originsOf(verify.issuer) } = options
  // Cookies alone are what browsers send by themselves.
  const isOpen = origins === 'any' || verify.header !== 'Cookie'
  // A text that is no list would allow each origin that it begins with.
  const allowed = isOpen ? [] : [origins].flat().map(originOf)
  return async function admit(request) {
    const result = await verify.check(request.source)
    if (result.reason === undefined) {
      if (!isOpen && isForeign(request, allowed)) return { refusal: refuse(403) }
      return { auth: result.claims }
    }
    if (optional) return {}
    if (result.reason === 'unavailable') return { refusal: refuse(503, { 'retry-after': '30' }) }
    return { refusal: refuse(401, { 'www-authenticate': challenge(verify, result) }) }
  }
}

function originsOf(issuer: string): readonly string[] {
  // Of `urn:app` and the like it is 'null', which sandboxed frames of anybody send.
  const origin = URL.canParse(issuer) ? new URL(issuer).origin : 'null'
  return origin === 'null' ? [] : [origin]
}

function refuse(status: Refusal['status'], headers: Record<string, string> = {}): Refusal {
  return { status, headers: { ...headers, 'cache-control': 'no-store' } }
}

/** RFC 9110 §11.6.1. Only an expired token is told from none: the rest is nobody's business (LOG-09). */
function challenge(verify: Verifier<unknown>, { reason, renewAt }: CheckResult<unknown>): string {
  const realm = `realm="${verify.issuer}"`
  if (verify.header === 'Cookie') {
    return `Cookie ${realm}${reason === 'expired' ? `, error="expired", renew="${renewAt}"` : ''}`
  }
  // RFC 6750 §3.1: whoever brought none is told of no error.
  return `Bearer ${realm}${reason === 'missing' ? '' : ', error="invalid_token"'}`
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a page of another origin makes the browser send what may change something: the cookie goes
 * along, whoever's page it is. What is no browser says nothing of origins.
 */
function isForeign(request: GuardedRequest, origins: readonly string[]): boolean {
  const { method, upgrade, host, origin, site } = request
  // A WebSocket opens by GET, and then anything may be sent.
  if (SAFE_METHODS.has(method) && !upgrade) return false
  if (origin !== undefined && origins.includes(origin)) return false
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host)
}
