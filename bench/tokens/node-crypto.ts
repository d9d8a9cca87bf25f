import { type KeyObject, createHmac, sign, timingSafeEqual, verify } from 'node:crypto'
import type { BenchKeys } from './keys.ts'

/** One call of node:crypto each: below these no library in this process can go. */
export interface NodeCrypto {
  readonly sign: (bytes: Buffer) => Buffer
  /** @param signature in the form that `signatureOf` gives */
  readonly verify: (bytes: Buffer, signature: Buffer) => boolean
  /** The signature of a token, from base64url. */
  readonly signatureOf: (segment: string) => Buffer
}

/**
 * The call in its cheapest form: a bare KeyObject, and for ES256 the DER form that OpenSSL itself
 * writes. A JWT's form of r and s side by side (`dsaEncoding`) takes Node half as long again.
 */
export function nodeCrypto({ algorithm, signing, verifying }: BenchKeys): NodeCrypto {
  if (algorithm === 'HS256') return hmac(signing)
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  return {
    sign: (bytes) => sign(hash, bytes, signing),
    verify: (bytes, signature) => verify(hash, bytes, verifying, signature),
    signatureOf: (segment) => (algorithm === 'ES256' ? toDer(decode(segment)) : decode(segment)),
  }
}

function hmac(secret: KeyObject): NodeCrypto {
  const mac = (bytes: Buffer): Buffer => createHmac('sha256', secret).update(bytes).digest()
  return {
    sign: mac,
    verify: (bytes, signature) => timingSafeEqual(mac(bytes), signature),
    signatureOf: decode,
  }
}

function decode(segment: string): Buffer {
  return Buffer.from(segment, 'base64url')
}

/** r and s side by side as a DER SEQUENCE of two INTEGERs (RFC 3279 §2.2.3). */
function toDer(signature: Buffer): Buffer {
  const middle = signature.length / 2
  const r = derInteger(signature.subarray(0, middle))
  const s = derInteger(signature.subarray(middle))
  return Buffer.concat([Buffer.of(0x30, r.length + s.length), r, s])
}

/** Without leading zeros, except one where the number would else be negative. */
function derInteger(bytes: Buffer): Buffer {
  const digits = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  const positive = (digits[0] ?? 0) >= 0x80 ? [0] : []
  return Buffer.from([2, digits.length + positive.length, ...positive, ...digits])
}
