import { type JsonWebKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { type Algorithm, type Key, importKey } from '../../src/token/key.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import {
  type TokenContents,
  type TokenOptions,
  type Tokens,
  createTokens,
} from '../../src/token/token.ts'

/** The time of all fixtures: 2033-05-18, in seconds and milliseconds. */
export const NOW = 2_000_000_000
export const NOW_MS = NOW * 1000

export const SECRET = 'S0me-Qu1te_Unguessable.Text/For+HMAC=42'

/** One freshly made key for each algorithm, as specs and as keys. */
export const SPECS: Readonly<Record<Algorithm, string>> = {
  HS256: SECRET,
  ES256: pem(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  RS256: pem(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  EdDSA: pem(generateKeyPairSync('ed25519')),
}
export const ALGORITHMS = Object.keys(SPECS) as Algorithm[]
export const KEYS = Object.fromEntries(
  ALGORITHMS.map((alg) => [alg, importKey(SPECS[alg])]),
) as Record<Algorithm, LocalKey>

/** A key that is at hand, so that it signs at once. */
export interface LocalKey extends Key {
  sign(text: string): string
}

/** Tokens signed by such a key. */
export interface LocalTokens extends Tokens {
  issue(contents: TokenContents): string
}

export function localTokens(options: TokenOptions): LocalTokens {
  return createTokens(options) as LocalTokens
}

function pem({ privateKey }: ReturnType<typeof generateKeyPairSync>): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Tokens of one algorithm that remember nothing, so that every read is a whole one. */
export function tokensOf(
  alg: Algorithm,
  more: { issuer?: string; audience?: string } = {},
): LocalTokens {
  return localTokens({
    ring: createKeyRing(SPECS[alg]),
    sessionField: 'sk',
    cacheSize: 0,
    ...more,
  })
}

export const ID = 'abcdefghijklmnop0123456789_-ABCD'

export function contents(more: Partial<TokenContents> = {}): TokenContents {
  const times = { issuedAt: NOW_MS, expires: NOW_MS + 900_000 }
  return { id: ID, userId: '7', claims: '{"uid":7,"r":["admin"]}', ...times, ...more }
}

/** Payload members that make any right-key token a session token. */
export const SESSION = { sk: ID, iat: NOW - 5, exp: NOW + 900 }

export function encode(content: string | Uint8Array): string {
  return Buffer.from(content as string).toString('base64url')
}

export function decode(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>
}

/** A token signed by the right key over whatever header and payload. */
export function forge(
  key: Key,
  payload: string | Uint8Array,
  header: string | Uint8Array = Buffer.from(key.header, 'base64url'),
): string {
  const signedText = `${encode(header)}.${encode(payload)}`
  return `${signedText}.${key.sign(signedText) as string}`
}

export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A JWK for a test: fields may be wrong in any way. */
export function jwk(key: Readonly<Record<string, unknown>>): JsonWebKey {
  return key
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ODD = '+/=. \t\n\r\0\u00a0\ufeff\u200b%;"\u0130'

/** Every character of a token, and those that readers have mistaken for one. */
export const TOKEN_CHARACTERS: readonly string[] = [...ALPHABET, ...ODD]
