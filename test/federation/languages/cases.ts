import { generateKey } from '../../../src/cli/keygen.ts'
import { type Key, importKey } from '../../../src/token/key.ts'
import { type LocalKey, decode, encode, forge } from '../../token/fixtures.ts'
import { type App, COOKIE, anonymousCookie } from './app.ts'
import { confusedTokens, otherAlgorithms } from './forged.ts'

/** A request's cookies, and the claims that a service must read in them; none: it must refuse. */
export interface Case {
  readonly name: string
  /** The `Cookie` header. */
  readonly cookies: string
  readonly claims?: Claims
}

export type Claims = Readonly<Record<string, unknown>>
export type Named = readonly [name: string, token: string]

/** A genuine token taken apart, to be put together wrongly. */
export interface Parts {
  readonly header: Claims
  readonly payload: Claims
  readonly signature: string
}

/** What every verifier of every language is asked, by cookies of this app. */
export async function casesOf(app: App): Promise<Case[]> {
  const token = await app.logIn()
  const [header = '', payload = '', signature = ''] = token.split('.')
  const parts = { header: decode(header), payload: decode(payload), signature }
  const cookie = `${COOKIE}=${token}`
  const claims = parts.payload
  // Issued 20 s from now: what clocks differ by must not keep a user out.
  const late = { ...claims, iat: (claims['iat'] as number) + 25 }
  const ahead = `${COOKIE}=${signed(app.key, parts.header, late)}`
  const tokens: Named[] = [
    ['no text', ''],
    ['no token', 'abc'],
    ['a session of nobody', await anonymousCookie(app)],
    ['R35 a token for one audience', await tokenForBilling(app, cookie)],
    ['JWS-03 no signature', `${header}.${payload}.`],
    ['JWS-10 a bit of the signature', `${header}.${payload}.${flipped(signature)}`],
    [
      'JWS-12 other claims',
      `${header}.${encode(JSON.stringify({ ...claims, r: [] }))}.${signature}`,
    ],
    ...ownTokens(app.key, parts),
    ...otherKeys(app, parts),
    ...otherAlgorithms(app, parts),
    ...confusedTokens(app, parts),
  ]
  return [
    { name: 'a login', cookies: cookie, claims },
    { name: 'one of several cookies', cookies: `a=1;${cookie}; b="2"`, claims },
    { name: 'FED-11 by a clock that is ahead', cookies: ahead, claims: late },
    { name: 'no cookies', cookies: '' },
    { name: 'a cookie of another name', cookies: `x${cookie}` },
    { name: 'CKI two cookies', cookies: `${cookie}; ${COOKIE}=${await app.logIn()}` },
    { name: 'CKI the same cookie twice', cookies: `${cookie}; ${cookie}` },
    ...tokens.map(([name, value]) => ({ name, cookies: `${COOKIE}=${value}` })),
  ]
}

/** By the app's own key: only the rules can refuse these. */
function ownTokens(key: LocalKey, { header, payload }: Parts): Named[] {
  const { iat } = payload as { iat: number }
  const wrong: Record<string, Claims> = {
    'CLM expired': { iat: iat - 3600, exp: iat - 120 },
    'CLM no exp': { exp: undefined },
    'CLM another iss': { iss: 'https://other.example' },
    'CLM no iss': { iss: undefined },
    'CLM no sk': { sk: undefined },
    'CLM an empty sk': { sk: '' },
    'CLM a number as sk': { sk: 7 },
    'CLM no sub': { sub: undefined },
  }
  return Object.entries(wrong).map(([name, more]) => [
    name,
    signed(key, header, { ...payload, ...more }),
  ])
}

function otherKeys({ alg, key }: App, { header, payload }: Parts): Named[] {
  const other = importKey(generateKey(alg))
  const by = (head: Claims): string => signed(other, head, payload)
  const cases: Named[] = [['another key', by(header)]]
  if (alg === 'HS256') return cases
  return [
    ...cases,
    ['ALG-25 another key under its own kid', by({ ...header, kid: other.kid })],
    ['ALG-21 a key in the header', by({ ...header, jwk: other.publicJwk })],
    [
      'ALG-21 a key in the header, under its kid',
      by({ ...header, kid: other.kid, jwk: other.publicJwk }),
    ],
    ['no kid', signed(key, { ...header, kid: undefined }, payload)],
  ]
}

function signed(key: Key, header: Claims, payload: Claims): string {
  return forge(key, JSON.stringify(payload), JSON.stringify(header))
}

function flipped(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url')
  bytes[9]! ^= 4
  return encode(bytes)
}

async function tokenForBilling({ sessions }: App, cookie: string): Promise<string> {
  return (await sessions.tokenFor({ headers: { cookie } }, { audience: 'billing' }))!
}
