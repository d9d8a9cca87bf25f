import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { encode } from '../../token/fixtures.ts'
import type { App } from './app.ts'
import type { Claims, Named, Parts } from './cases.ts'

type Sign = (text: string) => Buffer

/** Genuine claims under a header of its own, signed by other means. */
function tokenOf({ header, payload }: Parts, more: Claims, signer: Sign): string {
  const text = `${encodeJson({ ...header, ...more })}.${encodeJson(payload)}`
  return `${text}.${encode(signer(text))}`
}

function encodeJson(value: Claims): string {
  return encode(JSON.stringify(value))
}

/** By the app's key, but not in the way that it signs (ALG-01, ALG-11, ALG-12). */
export function otherAlgorithms(app: App, parts: Parts): Named[] {
  const genuine = (): Buffer => Buffer.from(parts.signature, 'base64url')
  const none = ['none', 'None', 'nOnE'].flatMap((alg): Named[] => [
    [`ALG-01 ALG-02 alg ${alg}`, tokenOf(parts, { alg }, () => Buffer.alloc(0))],
    [`ALG-03 alg ${alg}, with the signature`, tokenOf(parts, { alg }, genuine)],
  ])
  const others = Object.entries(sameKey(app)).map(([alg, signer]): Named => [
    `ALG-11 ALG-12 alg ${alg}`,
    tokenOf(parts, { alg }, signer),
  ])
  return [...none, ...others, ['ALG-04 no alg', tokenOf(parts, { alg: undefined }, genuine)]]
}

function sameKey({ alg, keyText }: App): Record<string, Sign> {
  if (alg === 'HS256') {
    return { HS384: hmac('sha384', keyText), HS512: hmac('sha512', keyText) }
  }
  const key = createPrivateKey({ key: JSON.parse(keyText), format: 'jwk' })
  if (alg === 'EdDSA') return {}
  if (alg === 'ES256') {
    const p1363 = { key, dsaEncoding: 'ieee-p1363' } as const
    return { ES384: (text) => sign('sha384', Buffer.from(text), p1363) }
  }
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return {
    RS512: (text) => sign('sha512', Buffer.from(text), key),
    PS256: (text) => sign('sha256', Buffer.from(text), pss),
  }
}

/** A public key taken for a secret, in every form that a service may hold it (ALG-07..09). */
export function confusedTokens(app: App, parts: Parts): Named[] {
  if (app.alg === 'HS256') return []
  const jwk = app.key.publicJwk!
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const forms = {
    ...pemForms(key),
    JWK: JSON.stringify(jwk),
    JWKS: JSON.stringify({ keys: [jwk] }),
  }
  return Object.entries(forms).map(([form, secret]) => [
    `ALG-07 ALG-08 ALG-09 HS256 by the public key as ${form}`,
    tokenOf(parts, { alg: 'HS256' }, hmac('sha256', secret)),
  ])
}

function pemForms(key: KeyObject): Record<string, string | Buffer> {
  const pem = key.export({ type: 'spki', format: 'pem' }).toString()
  return {
    PEM: pem,
    'PEM without its end': pem.trim(),
    DER: key.export({ type: 'spki', format: 'der' }),
  }
}

function hmac(digest: string, secret: string | Buffer): Sign {
  return (text) => createHmac(digest, secret).update(text).digest()
}
