import { nginxSite } from './nginx.ts'
import { type Gateway, refuseEdDSA } from './site.ts'

/** nginx with njs: a script checks the cookie, and nobody is asked. */
export const nginxNjs: Gateway = (site) => {
  refuseEdDSA(site)
  const { issuer, cookie, headers, keys, folder = '/etc/nginx' } = site
  const spki = keys.map(({ kid, alg, pem }) => [kid, [alg, pem.replaceAll(/-----.*-----|\n/g, '')]])
  return {
    'site.conf': nginxSite(site, {
      head: `js_import session from ${folder}/session.js;\n\n`,
      check: '    js_content session.verify;\n',
    }),
    'session.js': `const ISSUER = ${JSON.stringify(issuer)}
const COOKIE = ${JSON.stringify(`${cookie}=`)}
const HEADERS = ${JSON.stringify(Object.fromEntries(headers))}
const KEYS = ${JSON.stringify(Object.fromEntries(spki))}
${SCRIPT}`,
  }
}

const SCRIPT = String.raw`const ALGORITHMS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
}

async function verify(r) {
  let claims
  try {
    claims = await claimsOf(r.headersIn.Cookie || '')
  } catch (error) {
    claims = undefined
  }
  const known = claims || {}
  for (const name in HEADERS) r.headersOut[name] = headerText(known[HEADERS[name]])
  r.headersOut['x-session-claims'] = claims ? Buffer.from(JSON.stringify(claims)).toString('base64url') : ''
  r.return(claims ? 200 : 401)
}

async function claimsOf(cookies) {
  // As the app reads them: what is ours only behind a comma or a no-break space is another host's.
  const all = cookies.split(';').map((it) => it.replace(/^[ \t]+|[ \t]+$/g, ''))
  // Of two cookies nobody knows which one is the app's.
  const ours = all.filter((it) => it.startsWith(COOKIE))
  const parts = ours.length === 1 ? ours[0].slice(COOKIE.length).split('.') : []
  if (parts.length !== 3) return undefined
  const header = objectOf(parts[0])
  if (!Object.keys(KEYS).includes(header.kid)) return undefined
  // A key is of one algorithm, whatever the token says.
  const alg = KEYS[header.kid][0]
  if (header.alg !== alg || header.typ !== 'JWT' || !(await isSigned(parts, header.kid))) return undefined
  const claims = objectOf(parts[1])
  const now = Date.now() / 1000
  // The same keys sign documents and tokens for single services, which are no sessions (sk), and
  // sessions of nobody (sub).
  if (!isText(claims.sk) || !isText(claims.sub) || claims.iss !== ISSUER) return undefined
  if (typeof claims.exp !== 'number' || claims.exp <= now) return undefined
  delete claims.sk
  return claims
}

async function isSigned(parts, kid) {
  const algorithm = ALGORITHMS[KEYS[kid][0]]
  const spki = Buffer.from(KEYS[kid][1], 'base64')
  const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
  const signature = Buffer.from(parts[2], 'base64url')
  return crypto.subtle.verify(algorithm, key, signature, Buffer.from(parts[0] + '.' + parts[1]))
}

function objectOf(part) {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

function isText(value) {
  return typeof value === 'string' && value !== ''
}

function headerText(value) {
  if (value === undefined || value === null) return ''
  return encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))
}

export default { verify }
`
