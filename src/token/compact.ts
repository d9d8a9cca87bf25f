import type { RejectionCode } from '../errors.ts'

/** The four texts of a token in JWS Compact Serialization (RFC 7515 §7.1), none of them decoded. */
export interface Compact {
  readonly header: string
  readonly payload: string
  readonly signature: string
  /** What the signature is over: header, dot, payload. */
  readonly signedText: string
}

/** Browsers keep no cookie above 4,096 bytes (RFC 6265bis), so no token of ours is longer. */
export const MAX_TOKEN_LENGTH = 4096

/** 256 bytes in base64url; our headers take a quarter of it. */
export const MAX_HEADER_LENGTH = 342

const TOKEN_ALPHABET = /^[\w.-]*$/

/**
 * Splits a token and refuses every text that is not the one spelling of its bytes, in the order of
 * R7: type, length, alphabet, two dots, canonical base64url. Two different texts can therefore never
 * be the same token.
 *
 * @param token what a request presented, of any type
 * @param maxLength in characters; default that of a cookie
 * @returns the segments, or why there are none
 *
 * @example
 * const compact = splitCompact(cookie)
 * if (typeof compact === 'string') return reject(compact)
 */
export function splitCompact(
  token: unknown,
  maxLength: number = MAX_TOKEN_LENGTH,
): Compact | RejectionCode {
  if (typeof token !== 'string') return 'type'
  if (token.length === 0 || token.length > maxLength) return 'length'
  if (!TOKEN_ALPHABET.test(token)) return 'encoding'
  const firstDot = token.indexOf('.')
  const secondDot = token.indexOf('.', firstDot + 1)
  if (secondDot <= firstDot || token.includes('.', secondDot + 1)) return 'format'
  const header = token.slice(0, firstDot)
  const payload = token.slice(firstDot + 1, secondDot)
  const signature = token.slice(secondDot + 1)
  if (header === '' || payload === '' || signature === '') return 'format'
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature)) return 'encoding'
  return { header, payload, signature, signedText: token.slice(0, secondDot) }
}

/** Whether the bits of the last character that belong to no byte are zero (RFC 4648 §3.5). */
function isCanonical(segment: string): boolean {
  const last = segment.slice(-1)
  switch (segment.length % 4) {
    case 0:
      return true
    case 2:
      return 'AQgw'.includes(last)
    case 3:
      return 'AEIMQUYcgkosw048'.includes(last)
    default:
      return false
  }
}

/** A byte order mark stays in the text, for JSON to refuse. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of these bytes; undefined if they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

export const MAX_DEPTH = 16
export const MAX_MEMBERS = 64
/** In characters of JSON text. */
export const MAX_VALUE_LENGTH = 2048

/**
 * Parses the text of one JSON object that every reader must understand alike: no name twice at any
 * depth, no `__proto__`, no lone surrogate, no number that is infinite, at most 16 levels, 64 members
 * and 2,048 characters a member.
 *
 * @returns the object, or undefined; never throws
 */
export function parseStrictObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  // A name that is written twice leaves one member only.
  if (countMembers(value, MAX_DEPTH) !== countWrittenMembers(text)) return undefined
  if (Object.keys(value).length > MAX_MEMBERS) return undefined
  if (text.length > MAX_VALUE_LENGTH && Object.values(value).some(isTooLong)) return undefined
  return value as Record<string, unknown>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isTooLong(value: unknown): boolean {
  return JSON.stringify(value).length > MAX_VALUE_LENGTH
}

/** Counts the members of all objects in a value; NaN, which no count equals, if it is not strict. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.isWellFormed() ? 0 : NaN
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : NaN
  if (typeof value !== 'object' || value === null) return 0
  if (depth === 0) return NaN
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item, depth - 1)
    return count
  }
  for (const name of Object.keys(value)) {
    if (name === '__proto__' || !name.isWellFormed()) return NaN
    count += 1 + countMembers((value as Record<string, unknown>)[name], depth - 1)
  }
  return count
}

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c

/** Counts the names written in a valid JSON text: a colon outside a string follows each. */
function countWrittenMembers(json: string): number {
  let count = 0
  for (let at = 0; at < json.length; at++) {
    const character = json.charCodeAt(at)
    if (character === COLON) count++
    else if (character === QUOTE) at = endOfString(json, at)
  }
  return count
}

function endOfString(json: string, start: number): number {
  let end = start + 1
  while (json.charCodeAt(end) !== QUOTE) end += json.charCodeAt(end) === BACKSLASH ? 2 : 1
  return end
}
