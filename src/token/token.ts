import { SessionError, type RejectionCode } from '../errors.ts'
import { deepFreeze } from './claim-values.ts'
import {
  BACKDATED_SECONDS,
  type ClaimRules,
  type SessionClaims,
  appClaims,
  checkClaims,
} from './claims.ts'
import { decodeUtf8, parseStrictObject, splitCompact } from './compact.ts'
import type { KeyRing } from './key-ring.ts'
import { signText } from './signed-document.ts'
import type { TrustedKeys } from './trusted-keys.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** What a token is to say. */
export interface TokenContents {
  readonly id: string
  /** The bound user; undefined while the session is anonymous. */
  readonly userId: string | undefined
  /** JSON text of an object, as `JSON.stringify` writes it: short fields and `claims()`. */
  readonly claims: string
  /** In ms since 1970. */
  readonly issuedAt: number
  /** In ms since 1970. */
  readonly expires: number
}

/** A token whose signature is ours and whose shape is right, whatever its time. Deeply frozen. */
export interface GenuineToken extends SessionClaims {
  /** The members that are the app's own, under their short names. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Their JSON text: of a token issued here, what `issue` was given. */
  readonly claimsText: string
  readonly kid: string
  /** Whether it is to be replaced by one that a newer key signs. */
  readonly superseded: boolean
}

/** Issues and reads the tokens of one app: the only place where session tokens are signed. */
export interface Tokens {
  /** To be waited for before all else, while the keys are fetched for the first time. */
  readonly ready: Promise<void> | undefined
  /**
   * Signs a token by the ring's current key; later where that is kept in a KMS.
   *
   * @throws SessionError `keys_unavailable`
   */
  issue(contents: TokenContents): string | Promise<string>
  /** How long that token would be, in characters, without signing it. */
  size(contents: TokenContents): number
  /** What each claim takes of it, in bytes of JSON. */
  claimSizes(contents: TokenContents): [name: string, bytes: number][]
  /**
   * Reads a token that anyone may have sent.
   *
   * @returns the token, the same object for the same text; or why it is not believed. Never throws
   */
  read(token: unknown): GenuineToken | RejectionCode
  /** What `read` would say to a token of these contents, by their form. */
  accepts(contents: TokenContents): boolean
  /** Whether the keys have changed: to be asked for a token that was refused for its `kid` (R7). */
  lookAgain(): boolean | Promise<boolean>
}

export interface TokenOptions extends ClaimRules {
  readonly ring: KeyRing
  /** How many verified tokens are remembered; default 10,000. */
  readonly cacheSize?: number | undefined
}

const DEFAULT_CACHE_SIZE = 10_000

/**
 * @throws SessionError `invalid_option` if `cacheSize` is no whole number
 *
 * @example
 * const tokens = createTokens({ ring: createKeyRing(secret), sessionField: 'sk' })
 * const token = tokens.issue({ id, userId: '7', claims: '{"r":["admin"]}', issuedAt, expires })
 * tokens.read(token) // { id, userId: '7', claims: { r: ['admin'] }, … }
 */
export function createTokens(options: TokenOptions): Tokens {
  const { ring, sessionField, cacheSize = DEFAULT_CACHE_SIZE } = options
  if (!Number.isSafeInteger(cacheSize) || cacheSize < 0) {
    throw new SessionError('invalid_option', 'cacheSize must be a whole number, 0 for no cache')
  }
  const withoutIssuer = { ...options, issuer: undefined }
  let verified = new VerifiedTokens<GenuineToken>(cacheSize)
  let verifiedBy: TrustedKeys | undefined

  function issue(contents: TokenContents): string | Promise<string> {
    const { current } = ring.trusted
    const payload = Buffer.from(payloadText(contents, options)).toString('base64url')
    return signText(current, `${current.header}.${payload}`)
  }

  function size(contents: TokenContents): number {
    const { header, signatureLength } = ring.trusted.current
    const payloadLength = Math.ceil((Buffer.byteLength(payloadText(contents, options)) * 4) / 3)
    return header.length + 1 + payloadLength + 1 + signatureLength
  }

  function claimSizes(contents: TokenContents): [name: string, bytes: number][] {
    const payload = JSON.parse(payloadText(contents, options)) as Record<string, unknown>
    return Object.entries(payload).map(([name, value]) => {
      return [name, Buffer.byteLength(JSON.stringify(name) + JSON.stringify(value)) + 1]
    })
  }

  function read(token: unknown): GenuineToken | RejectionCode {
    const { trusted } = ring
    if (trusted !== verifiedBy) {
      // An entry ends with its key, and what it says of its key too.
      verified = new VerifiedTokens(cacheSize)
      verifiedBy = trusted
    }
    const known = typeof token === 'string' ? verified.get(token) : undefined
    if (known !== undefined) return known
    const result = verify(token, trusted)
    if (typeof result === 'object') verified.set(token as string, result)
    return result
  }

  /** In the order of R7: strict before cryptographic, and nothing decoded before it is genuine. */
  function verify(token: unknown, trusted: TrustedKeys): GenuineToken | RejectionCode {
    const compact = splitCompact(token)
    if (typeof compact === 'string') return compact
    const found = trusted.byHeader(compact.header)
    if (found === undefined) return trusted.headerProblem(compact.header)
    const { key } = found
    if (!key.verify(compact.signedText, compact.signature)) return 'signature'
    const payload = decodeObject(compact.payload)
    if (payload === undefined) return 'json'
    // Issued before the app had an issuer: it still names its session, and is replaced.
    const isOlder = options.issuer !== undefined && payload['iss'] === undefined
    const session = checkClaims(payload, isOlder ? withoutIssuer : options)
    if (typeof session === 'string') return session
    const superseded = found.superseded || isOlder
    const claims = deepFreeze(appClaims(payload, sessionField))
    const claimsText = JSON.stringify(claims)
    return Object.freeze({ ...session, claims, claimsText, kid: key.kid, superseded })
  }

  function accepts(contents: TokenContents): boolean {
    const payload = parseStrictObject(payloadText(contents, options))
    return payload !== undefined && typeof checkClaims(payload, options) === 'object'
  }

  return Object.freeze({
    get ready() {
      return ring.ready
    },
    issue,
    size,
    claimSizes,
    read,
    accepts,
    lookAgain: () => ring.lookAgain(),
  })
}

/** The claims are spliced in as text, so that what the record says is what the token says. */
function payloadText(contents: TokenContents, rules: ClaimRules): string {
  const { id, userId, claims, issuedAt, expires } = contents
  const own = JSON.stringify({
    [rules.sessionField]: id,
    iat: Math.floor(issuedAt / 1000) - BACKDATED_SECONDS,
    exp: Math.floor(expires / 1000),
    sub: rules.bare ? undefined : userId,
    iss: rules.issuer,
    aud: rules.audience,
  })
  return claims === '{}' ? own : `${own.slice(0, -1)},${claims.slice(1)}`
}

function decodeObject(segment: string): Record<string, unknown> | undefined {
  const text = decodeUtf8(Buffer.from(segment, 'base64url'))
  return text === undefined ? undefined : parseStrictObject(text)
}
