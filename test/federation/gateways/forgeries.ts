// Tokens as an attacker, another program or a clock would make them of a genuine one.
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { CompactSign, decodeJwt, type JWTPayload } from 'jose'
import type { PrivateJwk, Site } from './site.ts'

type Change = (claims: JWTPayload) => JWTPayload

/** The claims of a new session, changed, and signed by the app's key or another. */
export async function resigned(
  site: Site,
  change: Change,
  key: PrivateJwk = site.keys[0],
): Promise<string> {
  const claims = change(decodeJwt(await site.logIn()))
  return signed(JSON.stringify(claims), key)
}

/** As another program of the app's key may write the same claims. */
export async function withSkLast(site: Site): Promise<string> {
  const { sk, ...claims } = decodeJwt(await site.logIn())
  return signed(JSON.stringify({ ...claims, sk }, null, 1), site.keys[0])
}

function signed(payload: string, key: PrivateJwk): Promise<string> {
  const privateKey = createPrivateKey({ key, format: 'jwk' })
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'JWT' })
    .sign(privateKey)
}

export function expired(claims: JWTPayload): JWTPayload {
  const now = Math.floor(Date.now() / 1000)
  return { ...claims, iat: now - 60, exp: now - 1 }
}

/** Without a member. */
export function lacking(name: string): Change {
  return (claims) => ({ ...claims, [name]: undefined })
}

export async function withAnotherPayload(site: Site): Promise<string> {
  const [header, payload, signature] = (await site.logIn()).split('.')
  const claims = { ...JSON.parse(Buffer.from(payload!, 'base64url').toString()), sub: 'root' }
  return [header, base64url(claims), signature].join('.')
}

export async function withAnotherSignature(site: Site): Promise<string> {
  const [header, payload] = (await site.logIn()).split('.')
  const [, , signature] = (await site.logIn('bob')).split('.')
  return [header, payload, signature].join('.')
}

/** @param kid the app's own unless told otherwise */
export function byAnotherKey(site: Site, kid?: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ format: 'jwk' })
  return resigned(site, (claims) => claims, { ...key, kid: kid ?? site.keys[0].kid })
}

export async function unsigned(site: Site): Promise<string> {
  const [, payload] = (await site.logIn()).split('.')
  return `${base64url({ alg: 'none', kid: site.keys[0].kid, typ: 'JWT' })}.${payload}.`
}

/** The public key, which everybody has, as if it were a secret. */
export async function byPublicKeyAsSecret(site: Site): Promise<string> {
  const [, payload] = (await site.logIn()).split('.')
  const text = `${base64url({ alg: 'HS256', kid: site.keys[0].kid, typ: 'JWT' })}.${payload}`
  const key = createPublicKey({ key: site.keys[0], format: 'jwk' })
  const pem = key.export({ type: 'spki', format: 'pem' })
  return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`
}

function base64url(content: object): string {
  return Buffer.from(JSON.stringify(content)).toString('base64url')
}
