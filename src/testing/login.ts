import { SessionError } from '../errors.ts'
import type { SessionData } from '../register.ts'
import type { Data } from '../session/data.ts'
import { isStrict } from '../session/strict.ts'
import type { Sessions } from '../sessions.ts'
import { type ClientCookie, clientCookie } from './client-cookie.ts'
import {
  type SessionMiddleware,
  type TestVisit,
  visitMiddleware,
  visitSessions,
} from './test-visit.ts'

/** How a test logs in. */
export interface LoginOptions {
  /** What the session holds besides the user. */
  readonly data?: SessionData
  /**
   * For `symbolon/express-session`: properties of the request that its options ask for, such as
   * `{ url: '/admin' }` where the cookie has a path.
   */
  readonly request?: object
  /** Logs in wherever it is; default only where NODE_ENV is `test` or `development`. */
  readonly inProduction?: boolean
}

/** A logged-in user of the app: the cookie for each client, and the session behind it. */
export interface TestLogin extends ClientCookie {
  readonly session: {
    /** A copy of the session's data; undefined once it has ended. Counts as no use. */
    readonly read: () => Promise<SessionData | undefined>
    /**
     * Changes the session's data as another request would, and answers what `change` answers.
     *
     * @throws SessionError `session_ended`, `invalid_data`
     */
    readonly update: <T>(change: (data: SessionData) => T | Promise<T>) => Promise<T>
  }
  /** Ends the session, as the app's own logout would. */
  readonly logout: () => Promise<void>
}

/**
 * Logs a user in without a login form: a real session in the app's store, and the cookie that the
 * app itself would set.
 *
 * @param app the app's sessions, Django's too, or the middleware of `symbolon/express-session`
 * @throws SessionError `not_supported` unless NODE_ENV is `test` or `development`; what
 * `session.login()` throws
 *
 * @example
 * const { cookie } = await login(sessions, { id: 7, roles: ['admin'] }, { data: { cart: [] } })
 * await fetch(`${address}/me`, { headers: { cookie } })
 */
export async function login<User>(
  app: Sessions<User> | SessionMiddleware,
  user: User,
  { data = {}, request = {}, inProduction = false }: LoginOptions = {},
): Promise<TestLogin> {
  if (!inProduction) refuseProduction('login()')
  const visit = (cookie?: string): Promise<TestVisit> =>
    typeof app === 'function'
      ? visitMiddleware(app, request, cookie)
      : visitSessions(app as Sessions, cookie)
  const first = await visit()
  const client = clientCookie(await first.login(user, data as Data))
  const { id } = first
  const again = async (): Promise<TestVisit | undefined> => {
    const next = await visit(client.cookie)
    return next.id === id ? next : undefined
  }
  return {
    ...client,
    session: {
      read: async () => (await again())?.read(),
      async update(change) {
        const living = await again()
        if (living !== undefined) return living.update(change)
        throw new SessionError('session_ended', 'The session has ended: log in again')
      },
    },
    logout: async () => (await again())?.logout(),
  }
}

/** @throws SessionError `not_supported` */
export function refuseProduction(what: string): void {
  if (!isStrict()) return
  throw new SessionError(
    'not_supported',
    `${what} of symbolon/testing needs NODE_ENV=test or development, so that it lets nobody into production`,
  )
}
