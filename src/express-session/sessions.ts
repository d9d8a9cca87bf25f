import type { EventCode, Events } from '../events.ts'
import { SessionError } from '../errors.ts'
import type { KeepOptions } from '../session/session.ts'
import type { SessionRequest } from './session.ts'
import { type RequestVisit, visitOf } from './visit.ts'

/** What express-session has no words for: `middleware.sessions`. */
export interface DropInSessions {
  /**
   * Binds the request's session to a user, under a new id, stored when the promise resolves.
   *
   * @throws SessionError `invalid_user`, `invalid_claims`, `headers_sent`, `store_unavailable`
   *
   * @example
   * await sessionMiddleware.sessions.login(req, user, { keep: ['cart'] })
   */
  login(req: object, user: unknown, options?: KeepOptions): Promise<void>
  /** Ends the request's session; `req.session` is a new one. */
  logout(req: object): Promise<void>
  /** How often each event happened in this process; the events are on the channel `symbolon`. */
  readonly counts: Readonly<Partial<Record<EventCode, number>>>
}

export function sessionsOf(events: Events): DropInSessions {
  return Object.freeze({
    async login(req: object, user: unknown, { keep = [] }: KeepOptions = {}): Promise<void> {
      await present(req).login(user, keep)
    },
    async logout(req: object): Promise<void> {
      await present(req).logout()
    },
    counts: events.counts,
  })
}

function present(req: object): RequestVisit {
  const visit = visitOf(req as SessionRequest)
  if (visit !== undefined) return visit
  throw new SessionError(
    'not_supported',
    'The request has no session: mount the session middleware before, under a path that it serves',
  )
}
