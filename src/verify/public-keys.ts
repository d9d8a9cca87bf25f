import type { Jwk } from '../token/jwk.ts'
import { fromBase64 } from './bytes.ts'
import { refused } from './refused.ts'
import {
  KINDS,
  PUBLIC_ONLY,
  type PlatformKey,
  SCHEMES,
  type VerifyingKey,
  exportMembers,
  importJwk,
  refusePrivate,
} from './verifying-key.ts'

/** One key set, as RFC 7517 publishes it. */
export interface KeySet {
  readonly keys: readonly Jwk[]
}

/** A public key: PEM (`-----BEGIN PUBLIC KEY-----`), a JWK, a JWKS, the text of either, or a CryptoKey. */
export type PublicKey = string | Jwk | KeySet | PlatformKey

/**
 * The keys of a configuration. Only their forms are looked at at once: Web Crypto answers later.
 *
 * @throws SessionError `invalid_key`; the promise rejects with it too
 */
export function importPublicKeys(
  keys: PublicKey | readonly PublicKey[],
): Promise<readonly VerifyingKey[]> {
  const jwks = ([keys].flat() as readonly PublicKey[]).flatMap(readForm)
  if (jwks.length === 0) throw refused('invalid_key', 'keys is empty')
  return Promise.all(jwks.map(async (jwk) => importJwk(await jwk)))
}

type JwkOrLater = Jwk | Promise<Jwk>

function readForm(key: PublicKey): readonly JwkOrLater[] {
  if (typeof key === 'string')
    return key.startsWith('{') ? readForm(parseJson(key)) : [readPem(key)]
  if (typeof key === 'object' && key !== null) {
    if ('keys' in key) return key.keys.map(refusePrivate)
    if ('kty' in key) return [refusePrivate(key)]
    if ('algorithm' in key && key.type === 'public' && key.extractable) return [exportMembers(key)]
  }
  throw refused('invalid_key', PUBLIC_ONLY)
}

/** Without the parser's own error: its message quotes the text. */
function parseJson(text: string): Jwk | KeySet {
  try {
    return JSON.parse(text) as Jwk | KeySet
  } catch {
    throw refused('invalid_key', PUBLIC_ONLY)
  }
}

/** Environment variables often hold a PEM in one line, its line ends written as \n. */
function readPem(text: string): Promise<Jwk> {
  const pem = text.replaceAll(/\\[nr]|\s/g, '')
  const body = /^-----BEGINPUBLICKEY-----([\w+/=]+)-----ENDPUBLICKEY-----$/.exec(pem)?.[1]
  if (body !== undefined) return importPem(body)
  throw refused('invalid_key', PUBLIC_ONLY)
}

/** A PEM does not say in Web Crypto's words what it holds, so it is asked which one fits. */
async function importPem(base64: string): Promise<Jwk> {
  for (const scheme of [SCHEMES.ES256, SCHEMES.RS256, SCHEMES.EdDSA]) {
    try {
      const bytes = fromBase64(base64)
      const key = await crypto.subtle.importKey('spki', bytes, scheme, true, ['verify'])
      return await exportMembers(key)
    } catch {
      continue
    }
  }
  throw refused('invalid_key', `the PEM cannot be read; ${KINDS}`)
}
