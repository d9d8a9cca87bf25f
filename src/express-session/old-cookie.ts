import { type BinaryLike, type KeyObject, createHmac, timingSafeEqual } from 'node:crypto'

/** What `createHmac` takes. */
export type Secret = BinaryLike | KeyObject

const PREFIX = 's:'

/** Whether a cookie's value is express-session's, encoded or not. */
export function isOldCookie(value: string): boolean {
  return /^s(?::|%3a)/i.test(value)
}

/** The value that express-session gives its cookie, before it is encoded. */
export function signOldCookie(id: string, secret: Secret): string {
  return `${PREFIX}${id}.${signature(id, secret)}`
}

/**
 * The id in the value of express-session's cookie, if one of the secrets signed it.
 *
 * @param value as it stands in the `Cookie` header
 */
export function readOldCookie(value: string, secrets: readonly Secret[]): string | undefined {
  const text = decode(value)
  const dot = text.lastIndexOf('.')
  if (!text.startsWith(PREFIX) || dot < PREFIX.length) return undefined
  const id = text.slice(PREFIX.length, dot)
  const given = Buffer.from(text.slice(dot + 1))
  const signed = secrets.some((secret) => {
    const right = Buffer.from(signature(id, secret))
    return given.length === right.length && timingSafeEqual(given, right)
  })
  return signed ? id : undefined
}

function signature(id: string, secret: Secret): string {
  return createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
}

function decode(value: string): string {
  const text = value.startsWith('"') ? value.slice(1, -1) : value
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
