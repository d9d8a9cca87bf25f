import { SessionError } from '../errors.ts'

const LIMIT_MS = 5000

/**
 * Asks what is not ours and may be far away, such as a KMS or a secret manager.
 *
 * @param what for the message
 * @throws SessionError `keys_unavailable` if it fails, or says nothing for five seconds (KEY-05)
 */
export async function askOthers<T>(what: string, ask: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${LIMIT_MS} ms`)),
    LIMIT_MS,
  )
  try {
    return await Promise.race([ask(), late.promise])
  } catch (cause) {
    throw new SessionError('keys_unavailable', `${what} failed; see the cause`, { cause })
  } finally {
    clearTimeout(timer)
  }
}
