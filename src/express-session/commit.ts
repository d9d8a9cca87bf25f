import type { AnyCookie } from '../adapters/head-changes.ts'
import { type Answer, type HeadChanges, asSessionError } from '../session/commit.ts'
import { sign } from '../session/identity.ts'
import { renew, renewalDue } from '../session/renewal.ts'
import type { Steps } from '../session/steps.ts'
import { ended, touchQuietly } from '../session/write.ts'
import { SessionError } from '../errors.ts'
import { isAdoptable, store } from './binding.ts'
import { signOldCookie } from './old-cookie.ts'
import { type Plan, type Situation, makePlan } from './plan.ts'
import { isSecure } from './request.ts'
import { type RequestState, newCookie } from './state.ts'

/** What a commit asks of the visit that it ends. */
export interface CommittedVisit {
  readonly state: RequestState
  /** Whether the request brought a cookie of our name, believed or not. */
  readonly carried: boolean
  /** Whether a session ended in this request and none took its place. */
  readonly ended: boolean
  /** Takes up what the app put at `req.session`. */
  follow(): Steps<void>
  end(): Steps<void>
  /** Tells the app of an error that must not change the answer. */
  report(error: unknown): void
}

/**
 * Plan → store → cookie: before the first byte of the answer (R14).
 *
 * @param failure the error of an operation that the app did not wait for
 */
export function* commit(
  visit: CommittedVisit,
  answer: Answer,
  failure: unknown,
): Steps<HeadChanges<AnyCookie>> {
  visit.state.headSent = true
  if (failure !== undefined) return headChanges(answer, clearing(visit), failure)
  try {
    const value = yield* carryOut(visit, answer)
    return headChanges(answer, cookies(visit, value), undefined)
  } catch (error) {
    return headChanges(answer, clearing(visit), error)
  }
}

/** What the answer to a failed commit has to say of the cookie. */
export function failedHead(visit: CommittedVisit, answer: Answer): HeadChanges<AnyCookie> {
  return headChanges(answer, clearing(visit), undefined)
}

/** @returns the value of the cookie to be set, if there is one */
function* carryOut(visit: CommittedVisit, answer: Answer): Steps<string | undefined> {
  const { state } = visit
  const { req, config } = state
  if (req.session == null) {
    if (config.unsetDestroys && !visit.ended) yield* visit.end()
    return undefined
  }
  if (typeof req.sessionID !== 'string') return undefined
  yield* visit.follow()
  const now = situation(state, answer)
  const plan = makePlan(now)
  if (plan.write === 'refuse') throw ended()
  if (plan.write !== 'none' || plan.cookie) req.session.touch()
  state.issuing = plan.cookie
  const alive = yield* write(state, plan, now)
  return alive && plan.cookie ? yield* cookieValue(state) : undefined
}

function situation(state: RequestState, { status, cacheControl }: Answer): Situation {
  const { config, found, record, original, renamed, saved, barred, mark, who } = state
  const text = state.text()
  return {
    resave: config.resave,
    rolling: config.rolling,
    saveUninitialized: config.saveUninitialized,
    carried: found.id === state.id,
    stored: record !== undefined,
    modified: renamed || text !== original,
    changed: text !== record?.data,
    saved,
    rebind: mark !== who.mark,
    adopt: isAdoptable(state),
    expires: state.cookie.expires != null,
    storeTouches: typeof config.store.touch === 'function',
    renewalDue: !isCacheable(status, cacheControl) && isRenewalDue(state),
    barred,
  }
}

/** A cookie of the other form is replaced, so that the next release, or the last, can read it (R43). */
function isRenewalDue(state: RequestState): boolean {
  if (state.config.writesOld) return state.token !== undefined
  return state.found.renamed || renewalDue(state)
}

function isCacheable(status: number, cacheControl: string | undefined): boolean {
  return status === 304 || isShared(cacheControl)
}

/** @returns whether the session is alive */
function* write(state: RequestState, { write: verb }: Plan, now: Situation): Steps<boolean> {
  if (verb === 'none') return true
  if (verb === 'touch') return yield* touch(state)
  try {
    yield* store(state)
    return true
  } catch (error) {
    const gone = error instanceof SessionError && error.code === 'session_ended'
    // Saving what has not changed is express-session's way to touch.
    if (gone && !now.changed) return false
    throw error
  }
}

/**
 * Awaited, though nothing of the answer depends on it: some stores write back what they read, and
 * would undo what the client's next request does in another process.
 */
function* touch(state: RequestState): Steps<boolean> {
  if (!state.issuing || state.config.writesOld || !renewalDue(state))
    return yield* touchQuietly(state)
  yield* renew(state, 'touch')
  return state.record !== undefined
}

function* cookieValue(state: RequestState): Steps<string | undefined> {
  const { config, core, record, req } = state
  if (state.cookie.secure && !isSecure(req, config.proxy)) return undefined
  if (config.writesOld) {
    const [secret] = config.secrets ?? [req.secret as string]
    return signOldCookie(state.id, secret as string)
  }
  if (record === undefined || state.fresh !== undefined) return state.fresh
  const expires = Math.min(record.expires, state.expiry(record.created))
  try {
    return yield* sign(core, state.id, { ...record, expires })
  } catch (error) {
    // The client has a cookie of this session, which is as good.
    core.events.emit('renewal_failed', { id: state.id, error })
    return undefined
  }
}

/** A cookie that cannot be written down costs the client the cookie, and the app hears of it. */
function cookies(visit: CommittedVisit, value: string | undefined): readonly AnyCookie[] {
  if (value === undefined) return clearing(visit)
  const { config, cookie } = visit.state
  try {
    return [{ name: config.name, line: cookie.serialize(config.name, value) }]
  } catch (error) {
    visit.report(error)
    return []
  }
}

/** Where the request carried a cookie whose session ended in it; express-session leaves it there. */
function clearing(visit: CommittedVisit): readonly AnyCookie[] {
  const { req, config } = visit.state
  if (!visit.carried || !visit.ended) return []
  const cookie = newCookie(req, config)
  if (cookie.secure && !isSecure(req, config.proxy)) return []
  cookie.expires = new Date(0)
  return [{ name: config.name, line: cookie.serialize(config.name, '') }]
}

/** The app's own caching stands, unless shared caches would keep the cookie. */
function headChanges(
  { cacheControl }: Answer,
  set: readonly AnyCookie[],
  failure: unknown,
): HeadChanges<AnyCookie> {
  const caching = isShared(cacheControl) ? 'no-store' : undefined
  return {
    cookies: set,
    vary: false,
    cacheControl: set.length === 0 ? undefined : cacheControl === undefined ? 'private' : caching,
    error: failure === undefined ? undefined : asSessionError(failure),
  }
}

function isShared(cacheControl: string | undefined): boolean {
  return /\b(public|immutable|s-maxage)\b/i.test(cacheControl ?? '')
}
