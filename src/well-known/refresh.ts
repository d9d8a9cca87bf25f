import { serializeCookie } from '../session/cookie.ts'
import type { RequestFacts } from '../session/open.ts'
import type { MaybePromise } from '../session/record.ts'
import type { Visit } from '../session/visit.ts'
import { originOf } from '../verify/address.ts'
import {
  createEndpoint,
  type Endpoint,
  type EndpointAnswer,
  type EndpointRequest,
} from './endpoint.ts'
import { refuseUnlessPath } from './site-path.ts'

/** Who may have a cookie renewed, and what that means. */
export interface RefreshOptions {
  /** Origins of pages beside the app's own, such as `'https://spa.example'`. */
  readonly origins?: readonly string[]
  /** Whether it counts as use of the session, so that a page left open keeps it alive; default false. */
  readonly use?: boolean
  /**
   * Where it answers, below the issuer's origin, such as `'/refresh'`: all other requests are handed on,
   * and the manifest names it, so that the 401 of verifiers tells where an expired cookie is renewed.
   * Default: wherever the app puts it, and nobody is told.
   */
  readonly path?: string
}

type Open = (request: RequestFacts) => MaybePromise<Visit>

/**
 * Renews the cookie of pages that call only neighbours: POST, from the app's own origin or one that
 * is allowed, answered by 204 and a new cookie, or 401 without a session (R33).
 */
export function refreshEndpoint(
  open: Open,
  issuer: string,
  { origins = [], use = false, path }: RefreshOptions,
): Endpoint {
  refuseUnlessPath(path, 'path')
  const allowed = new Set([issuer, ...origins].map(originOf))
  return createEndpoint(async (request) => {
    if (path !== undefined && request.path !== path) return undefined
    const origin = request.header('origin')
    if (origin === undefined || !allowed.has(origin)) return { status: 403, headers: NO_STORE }
    if (request.method === 'OPTIONS') return { status: 204, headers: preflight(origin) }
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST, OPTIONS' } }
    return refreshed(await open(factsOf(request)), cors(origin), use)
  })
}

const NO_STORE = { 'cache-control': 'no-store' }

async function refreshed(
  visit: Visit,
  headers: Readonly<Record<string, string>>,
  use: boolean,
): Promise<EndpointAnswer> {
  const status = (await visit.refresh(use)) ? 204 : 401
  const changes = await visit.commit({ status, cacheControl: undefined })
  if (changes.error !== undefined) throw changes.error
  const cookies = changes.cookies.map((cookie) => serializeCookie(cookie))
  return { status, headers: cookies.length > 0 ? { ...headers, 'set-cookie': cookies } : headers }
}

function factsOf({ header }: EndpointRequest): RequestFacts {
  return { cookie: header('cookie'), method: 'POST', navigation: false }
}

/** Fetch: with credentials no wildcard is allowed, and the answer is that origin's alone. */
function cors(origin: string): Readonly<Record<string, string>> {
  return {
    ...NO_STORE,
    vary: 'Origin, Cookie',
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
  }
}

function preflight(origin: string): Readonly<Record<string, string>> {
  return {
    ...cors(origin),
    'access-control-allow-methods': 'POST',
    'access-control-max-age': '600',
  }
}
