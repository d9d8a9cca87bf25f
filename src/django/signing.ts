import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** SHA-1 is what Django 3.2 still reads; nothing is signed with it here. */
export type Digest = 'sha1' | 'sha256'

/** `django.utils.crypto.salted_hmac`: the HMAC's key is a hash of what it is for and the secret. */
export function saltedHmac(
  salt: string,
  value: string,
  secret: string,
  digest: Digest = 'sha256',
): Buffer {
  const key = createHash(digest).update(salt).update(secret).digest()
  return createHmac(digest, key).update(value).digest()
}

/** Compares in a time that tells nothing but the lengths. */
export function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A whole number as `django.core.signing` writes times. */
export function base62(number: number): string {
  if (number < 0) return `-${base62(-number)}`
  const last = BASE62.charAt(number % 62)
  return number < 62 ? last : base62(Math.floor(number / 62)) + last
}
