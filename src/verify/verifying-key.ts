import {
  type Algorithm,
  type Jwk,
  type PublicMembers,
  SECRET_NAMING_TEXT,
  jwkProblem,
  kidOf,
  publicMembers,
  thumbprintText,
} from '../token/jwk.ts'
import { KEY_TEXT, MIN_SECRET_BYTES } from '../token/key-text.ts'
import { type Bytes, HMAC, fromBase64url, hmac, sha256, toBytes, toHex } from './bytes.ts'
import { refused } from './refused.ts'

/** A key of Web Crypto, by whatever name the platform's types have for it. */
export type PlatformKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** A secret that the app signs with: text or bytes. */
export type Secret = string | Uint8Array

/** One key bound to its one algorithm (R6). */
export interface VerifyingKey {
  readonly kid: string
  readonly alg: Algorithm
  /** @param signature canonical base64url, as `splitCompact` leaves it */
  verify(signedText: string, signature: string): Promise<boolean>
}

/** @param signatureLength in base64url characters */
function verifyingKey(
  kid: string,
  alg: Algorithm,
  key: PlatformKey,
  signatureLength: number,
): VerifyingKey {
  return {
    kid,
    alg,
    async verify(signedText, signature) {
      if (signature.length !== signatureLength) return false
      const bytes = fromBase64url(signature)
      return crypto.subtle.verify(SCHEMES[alg], key, bytes, toBytes(signedText))
    },
  }
}

export const KINDS = 'keys are EC on P-256, RSA or Ed25519'
export const PUBLIC_ONLY =
  'keys must be public, as PEM, JWK, JWKS or extractable CryptoKey; a shared secret is given as `secret`'

/** What Web Crypto wants to hear of each algorithm, at import and at verification. */
export const SCHEMES: Readonly<Record<Algorithm, Scheme>> = {
  HS256: HMAC,
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
}

interface Scheme {
  readonly name: string
  readonly namedCurve?: string
  readonly hash?: string
}

/** In base64url characters, as all lengths here: 32 bytes. */
const HMAC_LENGTH = 43
/** 64 bytes. */
const CURVE_SIGNATURE_LENGTH = 86
/** 256 bytes: the least that NIST SP 800-57 still allows. */
const MIN_MODULUS_LENGTH = 342

/**
 * Makes a key of a JWK, and refuses what should not verify sessions: private and secret keys, foreign
 * curves, weak RSA keys, JWKs that contradict themselves.
 *
 * @throws SessionError `invalid_key`
 */
export async function importJwk(jwk: Jwk): Promise<VerifyingKey> {
  const alg = algorithmOf(jwk)
  if (alg === undefined) throw refused('invalid_key', KINDS)
  const key = await importMembers(refusePrivate(jwk), alg)
  const members = await exportMembers(key)
  const problem = jwkProblem(jwk, alg, members)
  if (problem !== undefined) throw refused('invalid_key', `the key ${problem}`)
  // An RSA signature is as long as the modulus.
  const signatureLength = members.n?.length ?? CURVE_SIGNATURE_LENGTH
  if (members.n !== undefined && signatureLength < MIN_MODULUS_LENGTH) {
    throw refused('invalid_key', 'the RSA key is shorter than 2048 bits')
  }
  const kid = jwk.kid ?? kidOf(toHex(await sha256(thumbprintText(members))))
  return verifyingKey(kid, alg, key, signatureLength)
}

export function refusePrivate(jwk: Jwk): Jwk {
  if (jwk.d === undefined && jwk.kty !== 'oct') return jwk
  throw refused('invalid_key', PUBLIC_ONLY)
}

/** What a key is decides its algorithm, not what is said about it (ALG-18). */
function algorithmOf({ kty, crv }: Jwk): Algorithm | undefined {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'EC' && crv === 'P-256') return 'ES256'
  return kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : undefined
}

async function importMembers(jwk: Jwk, alg: Algorithm): Promise<PlatformKey> {
  try {
    return await crypto.subtle.importKey('jwk', publicMembers(jwk), SCHEMES[alg], true, ['verify'])
  } catch (error) {
    throw refused('invalid_key', 'the key cannot be read on this platform', error)
  }
}

export async function exportMembers(key: PlatformKey): Promise<PublicMembers> {
  return publicMembers(await crypto.subtle.exportKey('jwk', key))
}

/**
 * The keys of shared secrets; text means its UTF-8 bytes.
 *
 * @throws SessionError `invalid_key`, at once
 */
export function importSecrets(secrets: Secret | readonly Secret[]): Promise<VerifyingKey[]> {
  const list = [secrets].flat() as readonly Secret[]
  return Promise.all(list.map(secretBytes).map(importSecret))
}

function secretBytes(secret: Secret): Bytes {
  const bytes = typeof secret === 'string' ? toBytes(secret) : new Uint8Array(secret)
  if (bytes.length < MIN_SECRET_BYTES) {
    throw refused('invalid_key', `the secret is shorter than ${MIN_SECRET_BYTES} bytes`)
  }
  // Whoever has the public key could sign what its text as a secret verifies (CVE-2015-9235).
  if (KEY_TEXT.test(String.fromCharCode(...bytes))) {
    throw refused('invalid_key', 'the secret is or holds a key; public keys are given as `keys`')
  }
  return bytes
}

async function importSecret(bytes: Bytes): Promise<VerifyingKey> {
  const key = await crypto.subtle.importKey('raw', bytes, SCHEMES.HS256, false, ['verify'])
  const kid = kidOf(toHex(await hmac(bytes, SECRET_NAMING_TEXT)))
  return verifyingKey(kid, 'HS256', key, HMAC_LENGTH)
}
