import { deflateSync, inflateSync } from 'node:zlib'
import { base62, type Digest, isEqual, saltedHmac } from './signing.ts'

/** Of Django's own engines, whichever it is: the name of their class, not of their module. */
const SALT = 'django.contrib.sessions.SessionStore'
/** Before Django 3.1, still read by 3.2. */
const OLD_SALT = 'django.contrib.sessionsSessionStore'

/** What a session's text may hold once inflated: a kilobyte can be made of a gigabyte (DJG-05). */
export const MOST_BYTES = 1_048_576
/** The same in base64, with room for time and signature. */
const MOST_TEXT = (MOST_BYTES * 4) / 3 + 128

/** Payload, time in base62, signature. Python ignores other characters in base64; nobody writes them. */
const FORM = /^(\.?)([\w+/-]*):(-?[0-9A-Za-z]+):([\w-]{43}|[\w-]{27})$/
const SHA256_LENGTH = 43

/**
 * Writes `session_data` as Django does.
 *
 * @param json ASCII, as `json.dumps` writes it
 * @param now in ms since 1970
 */
export function signData(json: string, secret: string, now: number): string {
  const plain = Buffer.from(json, 'latin1')
  const deflated = deflateSync(plain)
  // The last byte is the mark's.
  const smaller = deflated.length < plain.length - 1
  const payload = smaller ? `.${deflated.toString('base64url')}` : plain.toString('base64url')
  const signed = `${payload}:${base62(Math.floor(now / 1000))}`
  return `${signed}:${signature(signed, secret, 'sha256')}`
}

/**
 * Reads `session_data`, of Django 3.2 and before too.
 *
 * @param secrets `SECRET_KEY`, then its fallbacks
 * @returns the JSON text, one character a byte as Django reads it; undefined if none of the secrets
 *   signed it, or it is not what was signed
 */
export function readData(data: string, secrets: readonly string[]): string | undefined {
  if (data.length > MOST_TEXT) return undefined
  const [, mark, payload = '', time, given = ''] = FORM.exec(data) ?? []
  if (time === undefined) return readOldData(data, secrets)
  const digest = given.length === SHA256_LENGTH ? 'sha256' : 'sha1'
  const signed = `${mark}${payload}:${time}`
  if (!secrets.some((secret) => isEqual(given, signature(signed, secret, digest)))) return undefined
  if (payload.length % 4 === 1) return undefined
  const bytes = Buffer.from(payload, 'base64')
  return (mark === '.' ? inflate(bytes) : bytes)?.toString('latin1')
}

/** Standard base64 of the signature in hex, a colon, and the JSON text. */
function readOldData(data: string, secrets: readonly string[]): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return undefined
  const text = Buffer.from(data, 'base64').toString('latin1')
  const colon = text.indexOf(':')
  const [given, json] = [text.slice(0, colon), text.slice(colon + 1)]
  const signs = (secret: string): boolean =>
    isEqual(given, saltedHmac(OLD_SALT, json, secret, 'sha1').toString('hex'))
  return colon !== -1 && secrets.some(signs) ? json : undefined
}

function signature(signed: string, secret: string, digest: Digest): string {
  return saltedHmac(`${SALT}signer`, signed, secret, digest).toString('base64url')
}

/** Undefined for what is no zlib text, is cut short, or would take more than allowed. */
export function inflate(bytes: Buffer): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MOST_BYTES })
  } catch {
    return undefined
  }
}
