import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { invalidKey } from '../token/key-material.ts'
import { importKey, Key } from '../token/key.ts'
import { secretSigning, type Signing } from '../token/signing.ts'
import { secretMistake } from '../token/weak-secret.ts'

/** `KEY` of DJANGO_SESSION_JWT: a secret, a pair of a private and a public key, or files of them. */
export type TokenKey = string | readonly [privateKey: string, publicKey: string]

const SHORT_BYTES = 32

/**
 * The key of the site's tokens, whose headers have no `kid`: HS256 for a text, RS256 for a pair.
 *
 * A text that names a file stands for its bytes, the last line end included: here alone, as the
 * original has it (R40). One that only looks like a file name is refused.
 *
 * @param fallbacks secrets whose tokens are still read
 * @throws SessionError `invalid_key`
 */
export function tokenKey(key: TokenKey, fallbacks: readonly string[]): Key {
  if (Array.isArray(key) && key.length === 2) return pairKey(key as [string, string])
  if (typeof key !== 'string') throw invalidKey('KEY must be a text, or a pair of texts')
  const secrets = [key, ...fallbacks].map(secretOf)
  return bareKey('secret', anySigning(secrets.map((secret) => secretSigning(secret))))
}

/** Signed by the first, believed from all: without a `kid` nothing tells which it was. */
function anySigning(signings: readonly Signing[]): Signing {
  const [first] = signings as [Signing]
  return {
    ...first,
    verify: (text, signature) => signings.some((signing) => signing.verify(text, signature)),
  }
}

function secretOf(text: string): KeyObject {
  const bytes = readIfFile(text) ?? Buffer.from(text)
  if (bytes.length === 0) throw invalidKey('KEY is empty')
  const mistake = secretMistake(bytes)
  if (mistake !== undefined) throw invalidKey(`KEY ${mistake}; for RS256 give a pair of keys`)
  if (bytes.length < SHORT_BYTES) {
    const warning = `KEY is shorter than ${SHORT_BYTES} bytes and could be guessed from one cookie`
    process.emitWarning(warning, 'SymbolonWarning')
  }
  return createSecretKey(bytes)
}

function pairKey([privateKey, publicKey]: readonly [string, string]): Key {
  const key = importKey({ private: pemOf(privateKey), public: publicOf(publicKey) })
  if (key.alg !== 'RS256') throw invalidKey('KEY must be a pair of RSA keys')
  return bareKey(key.kid, key, key.publicJwk)
}

function bareKey(kid: string, signing: Signing, members?: Key['publicJwk']): Key {
  return new Key(kid, signing, members, { alg: signing.alg, typ: 'JWT' })
}

function publicOf(text: string): string | KeyObject {
  const pem = pemOf(text)
  return pem.startsWith('ssh-rsa ') ? sshKey(pem) : pem
}

function pemOf(text: string): string {
  const pem = (readIfFile(text)?.toString() ?? text).trim()
  if (/^(?:-----BEGIN |ssh-rsa )/.test(pem)) return pem
  throw invalidKey('KEY must hold PEM texts, an ssh-rsa line, or the names of files of them')
}

function readIfFile(text: string): Buffer | undefined {
  if (text.includes('\0') || text.includes('\n') || text.length > 4096) return undefined
  return statSync(text, { throwIfNoEntry: false })?.isFile() ? readFileSync(text) : undefined
}

/** RFC 4253 §6.6: three fields, each with its length before it; `ssh-rsa`, e, n. */
function sshKey(line: string): KeyObject {
  const blob = Buffer.from(line.split(/\s+/)[1] ?? '', 'base64')
  const fields: Buffer[] = []
  for (let at = 0; at + 4 <= blob.length;) {
    const end = at + 4 + blob.readUInt32BE(at)
    fields.push(blob.subarray(at + 4, end))
    at = end
  }
  const [name, e, n] = fields
  if (name?.toString() !== 'ssh-rsa' || !e || !n) throw invalidKey('The ssh-rsa line is broken')
  const jwk = { kty: 'RSA', e: integerText(e), n: integerText(n) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** SSH keeps a zero before a first bit that is set, which a JWK may not have. */
function integerText(bytes: Buffer): string {
  return bytes.subarray(bytes[0] === 0 ? 1 : 0).toString('base64url')
}
