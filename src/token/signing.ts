import {
  type KeyObject,
  createHmac,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto'
import { SessionError } from '../errors.ts'
import { derOfSides, sidesOfDer } from './ecdsa-form.ts'
import type { Algorithm } from './jwk.ts'

/** One key bound to its one algorithm. Texts are ASCII, as all of a token is. */
export interface Signing {
  readonly alg: Algorithm
  readonly canSign: boolean
  /** Length of a signature in base64url characters. */
  readonly signatureLength: number
  /** The signature in base64url; a promise where the private key is kept elsewhere. */
  sign(text: string): string | Promise<string>
  /** @param signature canonical base64url, as `splitCompact` leaves it */
  verify(text: string, signature: string): boolean
}

const HMAC_LENGTH = 43

export function secretSigning(secret: KeyObject): Signing {
  const mac = (text: string): string =>
    createHmac('sha256', secret).update(text, 'latin1').digest('base64url')
  return {
    alg: 'HS256',
    canSign: true,
    signatureLength: HMAC_LENGTH,
    sign: mac,
    // In canonical base64url equal texts are equal bytes.
    verify: (text, signature) =>
      signature.length === HMAC_LENGTH && timingSafeEqual(toBytes(mac(text)), toBytes(signature)),
  }
}

/** @returns undefined if no algorithm offered fits the key */
export function keyPairSigning(
  publicKey: KeyObject,
  privateKey: KeyObject | undefined,
): Signing | undefined {
  const algorithm = algorithmOf(publicKey)
  if (algorithm === undefined) return undefined
  const { alg, hash, signatureBytes } = algorithm
  const signatureLength = Math.ceil((signatureBytes * 4) / 3)
  // Keys are handed over bare: with options beside them Node 24 takes up to twice as long.
  const { toWire, fromWire } = alg === 'ES256' ? ECDSA_FORM : SAME_FORM
  return {
    alg,
    canSign: privateKey !== undefined,
    signatureLength,
    sign(text) {
      if (privateKey === undefined) {
        throw new SessionError('invalid_key', 'A public key cannot sign')
      }
      return toWire(signBytes(hash, toBytes(text), privateKey)).toString('base64url')
    },
    verify: (text, signature) =>
      signature.length === signatureLength &&
      verifyBytes(hash, toBytes(text), publicKey, fromWire(Buffer.from(signature, 'base64url'))),
  }
}

/** How OpenSSL's form of a signature becomes that of a token, and back. */
interface SignatureForm {
  readonly toWire: (signature: Buffer) => Buffer
  readonly fromWire: (signature: Buffer) => Buffer
}

const SAME_FORM: SignatureForm = {
  toWire: (signature) => signature,
  fromWire: (signature) => signature,
}

/** RFC 7518 §3.4 wants r and s side by side, OpenSSL a DER sequence of both. */
const ECDSA_FORM: SignatureForm = { toWire: sidesOfDer, fromWire: derOfSides }

interface KeyPairAlgorithm {
  readonly alg: Algorithm
  readonly hash: 'sha256' | null
  readonly signatureBytes: number
}

function algorithmOf(publicKey: KeyObject): KeyPairAlgorithm | undefined {
  const { namedCurve, modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {}
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
      return { alg: 'RS256', hash: 'sha256', signatureBytes: Math.ceil(modulusLength / 8) }
    case 'ed25519':
      return { alg: 'EdDSA', hash: null, signatureBytes: 64 }
    case 'ec':
      if (namedCurve !== 'prime256v1') return undefined
      return { alg: 'ES256', hash: 'sha256', signatureBytes: 64 }
    default:
      return undefined
  }
}

function toBytes(ascii: string): Buffer {
  return Buffer.from(ascii, 'latin1')
}
