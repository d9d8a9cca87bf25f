import {
  type JsonWebKeyInput,
  KeyObject,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SessionError } from '../errors.ts'
import type { Jwk } from './jwk.ts'

/** A key in a file: PEM, JWK or a secret. */
export interface KeyFile {
  readonly file: string | URL
}

/** One key or half of a key. A string is PEM, a JWK, or a secret; never a path (R20). */
export type SingleKey = string | Uint8Array | KeyObject | Jwk | URL | KeyFile

/** A signing key whose halves are kept apart. */
export interface KeyPair {
  readonly private: SingleKey
  readonly public: SingleKey
}

/** A key that a KMS or an HSM keeps and signs with (R23). */
export interface RemoteKey {
  readonly public: SingleKey
  /**
   * Signs the bytes themselves, not a hash of them: RSASSA-PKCS1-v1_5 or ECDSA with SHA-256, or
   * Ed25519. ECDSA answers in DER or as r and s side by side.
   */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>
}

/**
 * One key (R20). Text is PEM if it begins with `-----BEGIN`, JWK if it begins with a brace, else a secret,
 * and never a path; files are named as `{ file }` or a `file:` URL.
 */
export type KeySpec = SingleKey | KeyPair | RemoteKey

/**
 * What an app signs with: one key; a list, of which the first signs and all are trusted; or a key
 * ring, whose keys take turns by the clock (R21): its text, a file that holds it, or a function that
 * fetches it. The file and the function are looked at again every ten seconds.
 */
export type Keys = KeySpec | KeyFetcher | readonly KeySpec[]

/** Fetches the text of a key ring, from a secret manager for example. */
export type KeyFetcher = () => Promise<string>

/** What a spec comes down to. */
export interface Material {
  readonly key: KeyObject
  /** The JWK it was read from, whose other members must agree with the key. */
  readonly jwk?: Jwk
  /** The name its owner gave it. */
  readonly kid?: string | undefined
}

export function invalidKey(problem: string, cause?: unknown): SessionError {
  return new SessionError('invalid_key', problem, { cause })
}

/** @throws SessionError `invalid_key` */
export function readKey(spec: SingleKey): Material {
  if (typeof spec === 'string') return readText(spec)
  if (spec instanceof KeyObject) return { key: spec }
  if (spec instanceof Uint8Array) return { key: createSecretKey(spec) }
  if (spec instanceof URL) return readKeyFile(spec)
  if (typeof spec === 'object' && spec !== null) {
    if ('file' in spec) return readKeyFile(spec.file)
    if ('kty' in spec) return readJwk(spec)
    if ('keys' in spec && Array.isArray(spec.keys))
      throw invalidKey('a key set holds several keys; give its keys as a list')
  }
  throw invalidKey(
    'a key is PEM or JWK text, a secret of at least 32 bytes, a KeyObject, { file } or { private, public }; is the environment variable set?',
  )
}

function readText(text: string): Material {
  if (text.startsWith('-----BEGIN')) return { key: readPem(text) }
  if (text.startsWith('{')) return readKey(parseJwk(text))
  return { key: createSecretKey(text, 'utf8') }
}

/** Environment variables often hold a PEM in one line, its line ends written as \n. */
function readPem(text: string): KeyObject {
  const pem = text.replaceAll('\\r', '').replaceAll('\\n', '\n')
  const keys = pem.match(/-----BEGIN (?:[A-Z ]*KEY|CERTIFICATE)-----/g) ?? []
  if (keys.length > 1) throw invalidKey('the PEM holds several keys; give them apart')
  if (pem.includes('ENCRYPTED'))
    throw invalidKey('the PEM is encrypted; decrypt it, or give a KeyObject')
  return attempt('the PEM cannot be read', () =>
    pem.includes('PRIVATE KEY-----') ? createPrivateKey(pem) : createPublicKey(pem),
  )
}

/** Without the parser's own error: its message quotes the text, and that is a key. */
function parseJwk(text: string): Jwk {
  let jwk: Jwk
  try {
    jwk = JSON.parse(text) as Jwk
  } catch {
    throw invalidKey('the text begins with { but is not JSON')
  }
  if (!('kty' in jwk || 'keys' in jwk))
    throw invalidKey('the JSON text is not a JWK: it has no "kty"')
  return jwk
}

function readJwk(jwk: Jwk): Material {
  const { kid } = jwk
  if (jwk.kty === 'oct') return { key: readOctets(jwk.k), jwk, kid }
  return {
    jwk,
    kid,
    key: attempt('the JWK cannot be read', () =>
      jwk.d === undefined
        ? createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput)
        : createPrivateKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput),
    ),
  }
}

function readOctets(encoded: unknown): KeyObject {
  const bytes = Buffer.from(String(encoded), 'base64url')
  if (bytes.toString('base64url') !== encoded) throw invalidKey('"k" of the JWK is not base64url')
  return createSecretKey(bytes)
}

function readKeyFile(file: string | URL): Material {
  return readText(readFileText(file))
}

/** The last line end is the editor's, not the secret's. @throws SessionError `invalid_key` */
export function readFileText(file: string | URL): string {
  const bytes = attempt(
    `the key file ${String(file)} cannot be read; \`npx symbolon keygen\` makes one, \`npx symbolon keys init\` a key ring`,
    () => readFileSync(file),
  )
  const text = attempt('the key file is not text', () =>
    new TextDecoder('utf-8', { fatal: true }).decode(bytes),
  )
  return text.replace(/\r?\n$/, '')
}

function attempt<T>(problem: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw invalidKey(problem, error)
  }
}
