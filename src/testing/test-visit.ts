import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { SessionError } from '../errors.ts'
import type { DropInSessions } from '../express-session/sessions.ts'
import type { SessionRequest } from '../express-session/session.ts'
import { serializeCookie } from '../session/cookie.ts'
import type { Data } from '../session/data.ts'
import type { Sessions } from '../sessions.ts'

/** What `symbolon/express-session` makes. */
export interface SessionMiddleware {
  (...args: any[]): unknown
  readonly sessions: Pick<DropInSessions, 'login' | 'logout'>
}

/** One request to the app's sessions, without a server. */
export interface TestVisit {
  readonly id: string | undefined
  read(): Data
  /** Stores what `change` does to the data. */
  update<T>(change: (data: Data) => T | Promise<T>): Promise<T>
  /** @returns the `Set-Cookie` header */
  login(user: unknown, data: Data): Promise<string>
  logout(): Promise<void>
}

export async function visitSessions(sessions: Sessions, cookie?: string): Promise<TestVisit> {
  const visit = await sessions.open({ cookie, method: 'POST', navigation: false })
  const { session } = visit
  return {
    get id() {
      return session.id
    },
    read: () => Object.assign({}, session),
    update: (change) => session.update(change),
    logout: () => session.logout(),
    async login(user, data) {
      Object.assign(session, data)
      await session.login(user, { keep: Object.keys(data) })
      const { cookies, error } = await visit.commit({ status: 200, cacheControl: undefined })
      if (error !== undefined) throw error
      return headerOf(cookies.map(serializeCookie))
    },
  }
}

/** @param more properties of the request that the middleware's options ask for */
export async function visitMiddleware(
  middleware: SessionMiddleware,
  more: object,
  cookie?: string,
): Promise<TestVisit> {
  const { sessions } = middleware
  const socket = new Socket()
  const request: SessionRequest = Object.assign(
    new IncomingMessage(socket),
    { url: '/', method: 'POST' },
    more,
  )
  if (cookie !== undefined) request.headers.cookie = cookie
  let done: (error?: unknown) => void
  const until = (act: () => unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      done = (error) => (error === undefined ? resolve() : reject(error))
      act()
    })
  const response = Object.assign(new ServerResponse(request), { end: () => done() })
  await until(() => middleware(request, response, (error?: unknown) => done(error)))
  // Over http the middleware would set no cookie that is Secure.
  Object.assign(socket, { encrypted: request.session?.cookie.secure === true })
  return {
    get id() {
      return request.sessionID
    },
    read() {
      const data: Data = Object.assign({}, request.session)
      delete data['cookie']
      return data
    },
    async update(change) {
      const session = request.session as NonNullable<typeof request.session>
      const result = await change(session)
      await session.save()
      return result
    },
    logout: () => sessions.logout(request),
    async login(user, data) {
      Object.assign(request.session ?? {}, data)
      await sessions.login(request, user, { keep: Object.keys(data) })
      await until(() => response.end())
      return headerOf([response.getHeader('set-cookie') ?? []].flat() as string[])
    },
  }
}

function headerOf([line]: readonly string[]): string {
  if (line !== undefined) return line
  throw new SessionError('session_ended', 'The session ended at once')
}
