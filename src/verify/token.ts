import type { RejectionCode } from '../errors.ts'
import { type ClaimRules, type SessionClaims, appClaims, checkClaims } from '../token/claims.ts'
import {
  MAX_HEADER_LENGTH,
  MAX_TOKEN_LENGTH,
  decodeUtf8,
  parseStrictObject,
  splitCompact,
} from '../token/compact.ts'
import { fromBase64url } from './bytes.ts'
import { isKid } from '../token/jwk.ts'
import type { Keys } from './keys.ts'
import { SCHEMES, type VerifyingKey } from './verifying-key.ts'

/** A text whose signature is the app's. */
export interface GenuineText {
  readonly key: VerifyingKey
  /** JSON, as it was signed. */
  readonly payload: string
}

/** A session token whose signature is the app's and whose shape is right, whatever its time. */
export interface GenuineToken extends SessionClaims {
  readonly key: VerifyingKey
  /** The app's own claims, under their short names. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Which signed text is expected. */
export interface TextRules {
  readonly typ: string
  readonly keys: Keys
  /** Whether `Ed25519`, the name of RFC 9864, is taken for `EdDSA`. */
  readonly acceptEd25519: boolean
  readonly maxLength: number
}

export interface TokenRules extends ClaimRules, Pick<TextRules, 'keys' | 'acceptEd25519'> {}

/** `'unavailable'`: the keys could not be fetched. */
export type Refusal = RejectionCode | 'unavailable'

/** Reads a session token that anyone may have sent. Never rejects for what was sent. */
export async function readToken(
  token: unknown,
  rules: TokenRules,
): Promise<GenuineToken | Refusal> {
  const text = await readSigned(token, { ...rules, typ: 'JWT', maxLength: MAX_TOKEN_LENGTH })
  if (typeof text === 'string') return text
  const payload = parseStrictObject(text.payload)
  if (payload === undefined) return 'json'
  const session = checkClaims(payload, rules)
  if (typeof session === 'string') return session
  return { ...session, key: text.key, claims: appClaims(payload, rules.sessionField) }
}

/** In the order of R7: strict before cryptographic, and the payload not decoded before it is genuine. */
export async function readSigned(text: unknown, rules: TextRules): Promise<GenuineText | Refusal> {
  const compact = splitCompact(text, rules.maxLength)
  if (typeof compact === 'string') return compact
  const header = readHeader(compact.header, rules)
  if (typeof header === 'string') return header
  const key = await rules.keys.find(header.kid)
  if (typeof key === 'string') return key
  if (key.alg !== header.alg) return 'alg'
  if (!(await key.verify(compact.signedText, compact.signature))) return 'signature'
  const payload = decodeUtf8(fromBase64url(compact.payload))
  return payload === undefined ? 'json' : { key, payload }
}

interface Header {
  readonly alg: string
  readonly kid: string
}

/** Nothing but the names of key, algorithm and type: what else a header could ask for is refused. */
function readHeader(segment: string, rules: TextRules): Header | 'header' | 'alg' | 'kid' {
  const text = segment.length <= MAX_HEADER_LENGTH ? decodeUtf8(fromBase64url(segment)) : undefined
  const header = parseStrictObject(text ?? '')
  if (header === undefined) return 'header'
  const { alg: name, kid, typ = 'JWT', ...more } = header
  const alg = name === 'Ed25519' && rules.acceptEd25519 ? 'EdDSA' : name
  if (!Object.hasOwn(SCHEMES, alg as string)) return 'alg'
  if (!isKid(kid)) return 'kid'
  if (typ !== rules.typ || Object.keys(more).length > 0) return 'header'
  return { alg: alg as string, kid }
}
