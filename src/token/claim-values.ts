import { SessionError } from '../errors.ts'
import { MAX_DEPTH, MAX_VALUE_LENGTH } from './compact.ts'

/** Control characters, line separators and lone surrogates: claims become HTTP headers at gateways. */
const UNSAFE_TEXT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u

/**
 * Copies a value that a token can carry: plain JSON, without control characters (R5).
 *
 * @param value read once, so that a getter cannot give another value later
 * @param source what the value came from, for the message, as in `the field "roles"`
 * @throws SessionError `invalid_claims` with the source, never the value
 */
export function copyClaimValue(value: unknown, source: string): unknown {
  // The value itself stands one level below the payload.
  const copy = copyJson(value, MAX_DEPTH - 1, source)
  if (JSON.stringify(copy).length > MAX_VALUE_LENGTH) {
    throw unfit(source, `more than ${MAX_VALUE_LENGTH} characters; put an id there instead`)
  }
  return copy
}

function copyJson(value: unknown, depth: number, source: string): unknown {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'string':
      return checkText(value, source)
    case 'number':
      if (Number.isFinite(value)) return value
      throw unfit(source, 'NaN or Infinity')
    case 'object':
      if (value === null) return null
      if (depth === 0) throw unfit(source, 'a cycle, or objects nested too deep')
      if (Array.isArray(value))
        return Array.from(value, (item) => copyJson(item, depth - 1, source))
      if (isPlainObject(value)) return copyMembers(value, depth - 1, source)
      throw unfit(source, 'an instance of a class, such as Date or Map; make it text or plain data')
    default:
      throw unfit(source, `${typeof value}, which JSON does not have`)
  }
}

/** Leaves out members that are undefined, as JSON does. */
function copyMembers(object: object, depth: number, source: string): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object)) {
    if (name === '__proto__') throw unfit(source, 'a member named __proto__')
    if (value !== undefined) copy[checkText(name, source)] = copyJson(value, depth, source)
  }
  return copy
}

function checkText(text: string, source: string): string {
  if (UNSAFE_TEXT.test(text)) throw unfit(source, 'a control character or half a character')
  return text
}

/** Object literals of any realm, and objects without a prototype. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Of what is shared between readers, none may change what the others see (CCH-06). */
export function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) {
    if (typeof value === 'object' && value !== null) deepFreeze(value)
  }
  return Object.freeze(object)
}

function unfit(source: string, what: string): SessionError {
  return new SessionError('invalid_claims', `A token cannot carry ${source}: it holds ${what}`)
}
