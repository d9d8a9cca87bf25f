import { SessionError } from '../errors.ts'
import { serializeCookie } from '../session/cookie.ts'
import type { SessionData } from '../register.ts'
import type { Sessions } from '../sessions.ts'

/** A session as a test client presents it. */
export interface TestSession {
  readonly name: string
  readonly value: string
  /** For a `Cookie` request header: `name=value`. */
  readonly cookie: string
  /** For a cookie jar: the text of the `Set-Cookie` header. */
  readonly setCookie: string
}

/**
 * Logs a user in without a login form: a real session in the app's store, and the cookie that the
 * app itself would set.
 *
 * @param data what the session holds besides
 * @returns the cookie in the forms that clients take
 * @throws SessionError `not_supported` under NODE_ENV=production; what `session.login()` throws
 *
 * @example
 * const { cookie } = await login(sessions, { id: 7, roles: ['admin'] })
 * await fetch(`${address}/me`, { headers: { cookie } })
 */
export async function login<User>(
  sessions: Sessions<User>,
  user: User,
  data: SessionData = {},
): Promise<TestSession> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new SessionError('not_supported', 'symbolon/testing logs anyone in; not in production')
  }
  const visit = await sessions.open({ cookie: undefined, method: 'POST', navigation: false })
  await visit.session.login(user)
  Object.assign(visit.session, data)
  const { cookies, error } = await visit.commit({ status: 200, cacheControl: undefined })
  if (error !== undefined) throw error
  const [set] = cookies
  if (set === undefined) throw new SessionError('session_ended', 'The session ended at once')
  const { name, value } = set
  return { name, value, cookie: `${name}=${value}`, setCookie: serializeCookie(set) }
}
