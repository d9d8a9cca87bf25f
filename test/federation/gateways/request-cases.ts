import { type Case, cookie } from './case.ts'
import { type Answered, type Asked, OTHER_ORIGIN, type Site } from './site.ts'

const spoofed = ({ arrived, status }: Answered): string => {
  if (arrived === undefined) return `${status}`
  return arrived.headers.some(([, value]) => value === 'root') ? 'passed on' : 'removed'
}

const DASHES = {
  'x-auth-request-user': 'root',
  'x-auth-request-name': 'root',
  'x-auth-request-plan': 'root',
  'x-session-claims': 'root',
}
const UNDERSCORES = {
  x_auth_request_user: 'root',
  'X-Auth_Request-Name': 'root',
  'x-auth-request_plan': 'root',
  'x-session_claims': 'root',
}

function cors({ status, headers }: Answered): string {
  const readable =
    headers['access-control-allow-origin'] === OTHER_ORIGIN &&
    headers['access-control-allow-credentials'] === 'true' &&
    /\borigin\b/i.test(headers.vary ?? '')
  return readable ? `${status}, readable` : `${status}`
}

/** A page may then send what it asked for. */
function allowed(answered: Answered): string {
  const { headers } = answered
  const methods = headers['access-control-allow-methods'] ?? ''
  const names = headers['access-control-allow-headers'] ?? ''
  const all = methods.includes('DELETE') && names.includes('content-type')
  return all ? `${cors(answered)}, allowed` : cors(answered)
}

export const REQUESTS: readonly Case[] = [
  { name: 'POST without Origin', asked: of('POST', () => ({})), expected: 'passes' },
  {
    name: 'POST, own Origin',
    asked: of('POST', (site) => ({ origin: site.issuer })),
    expected: 'passes',
  },
  {
    name: 'POST, foreign Origin',
    asked: of('POST', () => ({ origin: 'https://evil.example' })),
    expected: '403',
  },
  { name: 'POST, Origin null', asked: of('POST', () => ({ origin: 'null' })), expected: '403' },
  {
    name: 'POST, Origin that begins like ours',
    asked: of('POST', (site) => ({ origin: `${site.issuer}.evil.example` })),
    expected: '403',
  },
  {
    name: 'POST, Sec-Fetch-Site: cross-site',
    asked: of('POST', () => ({ 'sec-fetch-site': 'cross-site' })),
    expected: '403',
  },
  {
    name: 'POST, Sec-Fetch-Site: same-site',
    asked: of('POST', () => ({ 'sec-fetch-site': 'same-site' })),
    expected: '403',
  },
  {
    name: 'POST, Sec-Fetch-Site: same-origin',
    asked: of('POST', () => ({ 'sec-fetch-site': 'same-origin' })),
    expected: 'passes',
  },
  {
    name: 'GET, foreign Origin',
    asked: of('GET', () => ({ origin: 'https://evil.example' })),
    expected: '403',
  },
  {
    name: 'GET by a link of another site',
    asked: of('GET', () => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })),
    expected: 'passes',
  },
  {
    name: 'POST of a page named by `--origin`',
    asked: of('POST', () => ({ origin: OTHER_ORIGIN, 'sec-fetch-site': 'same-site' })),
    seen: cors,
    expected: '200, readable',
  },
  {
    name: 'its preflight',
    asked: () => preflight(OTHER_ORIGIN),
    seen: allowed,
    expected: '204, readable, allowed',
  },
  {
    name: 'a foreign preflight',
    asked: () => preflight('https://evil.example'),
    seen: cors,
    expected: '403',
  },
  {
    name: 'identity headers of the client',
    asked: of('GET', () => DASHES),
    seen: spoofed,
    expected: 'removed',
  },
  {
    name: 'the same with underscores',
    asked: of('GET', () => UNDERSCORES),
    seen: spoofed,
    expected: { asks: 'removed', alone: 'removed', apache: '400' },
  },
  {
    name: 'the same on the way to the app',
    asked: () => ({ path: '/', headers: DASHES }),
    seen: spoofed,
    expected: 'removed',
  },
]

function preflight(origin: string): Asked {
  return { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } }
}

type Headers = Readonly<Record<string, string>>

/** A request of a user, with more headers. */
function of(method: string, headers: (site: Site) => Headers): Case['asked'] {
  return async (site) => ({
    method,
    headers: { ...cookie(await site.logIn()).headers, ...headers(site) },
  })
}
