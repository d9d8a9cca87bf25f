import type { RequestFacts } from '../session/open.ts'
import type { MaybePromise } from '../session/record.ts'
import { isPromise } from '../session/steps.ts'
import type { Visit } from '../session/visit.ts'
import {
  createEndpoint,
  type Endpoint,
  type EndpointAnswer,
  type EndpointRequest,
} from './endpoint.ts'
import { isPath, refuseUnlessPath } from './site-path.ts'

/** What a gateway is told of a request, and what becomes of one without a user. */
export interface ForwardAuthOptions {
  /**
   * Identity headers: header → claim, short or long. Default `{ 'x-auth-request-user': 'sub' }`.
   * Beside them always goes `x-session-claims`: all claims as base64url of JSON.
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * The path of the login page: a browser that navigates without a user is sent there, with the
   * wanted path as `?next=`. Without it the answer is 401.
   */
  readonly login?: string
  /** Lets requests without a user pass, with empty identity headers. */
  readonly anonymous?: boolean
}

type Open = (request: RequestFacts) => MaybePromise<Visit>

const CLAIMS_HEADER = 'x-session-claims'

/** Whatever an app registers as the type of its claims. */
type Claims = Readonly<Record<string, unknown>>

/**
 * Answers a gateway that asks before each request who the user is: 200 with identity headers, 401, or
 * a redirect to the login page. Reads the session and writes nothing: it renews no token, and being
 * asked counts as no use (R34).
 *
 * All identity headers are in every answer: what is missing there a gateway may take from the client
 * (Caddy #7545).
 */
export function forwardAuthEndpoint(open: Open, options: ForwardAuthOptions): Endpoint {
  const { headers = { 'x-auth-request-user': 'sub' }, login, anonymous = false } = options
  refuseUnlessPath(login, 'login')
  const claimOf = Object.entries(headers).map(
    ([name, claim]) => [name.toLowerCase(), claim] as const,
  )

  const identity = (auth: Claims | undefined): EndpointAnswer['headers'] => ({
    'cache-control': 'no-store',
    ...Object.fromEntries(claimOf.map(([name, claim]) => [name, headerText(auth?.[claim])])),
    [CLAIMS_HEADER]: auth ? Buffer.from(JSON.stringify(auth)).toString('base64url') : '',
  })
  const answerTo = (request: EndpointRequest, { auth }: Visit): EndpointAnswer => {
    if (auth !== undefined || anonymous) return { status: 200, headers: identity(auth) }
    if (login === undefined || !navigates(request)) {
      const challenge = { 'www-authenticate': 'Cookie realm="session"' }
      return { status: 401, headers: { ...identity(undefined), ...challenge } }
    }
    const location = `${login}?next=${encodeURIComponent(wantedPath(request))}`
    return { status: 302, headers: { ...identity(undefined), location } }
  }
  return createEndpoint((request) => {
    const cookie = request.header('cookie')
    const opened = open({ cookie, method: wantedMethod(request), navigation: false })
    return isPromise(opened)
      ? opened.then((visit) => answerTo(request, visit))
      : answerTo(request, opened)
  })
}

/** Percent-encoded beyond ASCII: gateways hand bytes on as they come, and readers disagree on them. */
function headerText(value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.toWellFormed().replace(/[^\u0020-\u0024\u0026-\u007e]/gu, encodeURIComponent)
}

/** Where the client is on its way to, as gateways tell it; a path of this site, or its root. */
function wantedPath({ header }: EndpointRequest): string {
  const path = header('x-forwarded-uri') ?? header('x-original-uri') ?? '/'
  return isPath(path) ? path : '/'
}

/** Of what may change something, and where the gateway does not tell, the store is asked (R13). */
function wantedMethod(request: EndpointRequest): string {
  return request.header('x-forwarded-method') ?? request.header('x-original-method') ?? ''
}

function navigates({ header }: EndpointRequest): boolean {
  return header('sec-fetch-mode') === 'navigate' || /\btext\/html\b/.test(header('accept') ?? '')
}
