import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/**
 * Whether a password is the one that Django hashed, as its `check_password()` does.
 *
 * @param encoded what stands in the user's column: `pbkdf2_sha256$1200000$salt$hash`
 */
export async function isPassword(password: string, encoded: string): Promise<boolean> {
  const [algorithm, iterations, salt = '', hash = ''] = encoded.split('$')
  if (algorithm !== 'pbkdf2_sha256') return false
  const stored = Buffer.from(hash, 'base64')
  const derived = await promisify(pbkdf2)(password, salt, Number(iterations), 32, 'sha256')
  return stored.length === derived.length && timingSafeEqual(derived, stored)
}
