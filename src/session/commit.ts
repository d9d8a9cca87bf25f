import { SessionError } from '../errors.ts'
import { makePlan, type Plan, type Situation } from './plan.ts'
import { begin } from './lifecycle.ts'
import { ended, touchQuietly, update } from './write.ts'
import { renew, renewalDue } from './renewal.ts'
import type { SetCookie } from './cookie.ts'
import type { SessionState } from './state.ts'
import type { Steps } from './steps.ts'

/** The response head as the app made it. */
export interface Answer {
  readonly status: number
  readonly cacheControl: string | undefined
}

/** What a commit wants of the response head. */
export interface HeadChanges<Cookie = SetCookie> {
  /** Ours alone: they replace cookies of the same names that the app set. */
  readonly cookies: readonly Cookie[]
  /** Whether the answer depends on the cookie, for `Vary`. */
  readonly vary: boolean
  /** The value to set, or undefined to leave the app's. */
  readonly cacheControl: 'private' | 'no-store' | undefined
  /** The session could not be stored: the app's answer may not go out. */
  readonly error: SessionError | undefined
}

/**
 * Plan → store → token → cookie: carried out before the first byte of the answer (R14).
 *
 * @param failure the error of an operation that the app did not wait for
 */
export function* commit(state: SessionState, answer: Answer, failure: unknown): Steps<HeadChanges> {
  state.headSent = true
  if (failure !== undefined) return headChanges(state, answer, clearing(state), failure)
  try {
    const plan = makePlan(situation(state, answer))
    const cookies = yield* carryOut(state, plan)
    return headChanges(state, answer, cookies, undefined)
  } catch (error) {
    return headChanges(state, answer, clearing(state), error)
  }
}

/** What the answer to a failed commit still has to say of the cookie: never that someone is logged in. */
export function failedHead(state: SessionState, answer: Answer): HeadChanges {
  return headChanges(state, answer, clearing(state), undefined)
}

function* carryOut(state: SessionState, plan: Plan): Steps<readonly SetCookie[]> {
  if (plan.write === 'refuse') throw ended()
  if (plan.cookie === 'renew') yield* renew(state, plan.write)
  else if (plan.write === 'create') yield* begin(state, state.text())
  else if (plan.write === 'update') yield* update(state)
  else if (plan.write === 'touch') yield* touchQuietly(state)
  if (plan.cookie === 'none') return []
  // A renewal may have ended in nothing new, or in the end of the session.
  return state.fresh === undefined ? clearing(state) : issuing(state, state.fresh)
}

function situation(state: SessionState, { status, cacheControl }: Answer): Situation {
  const { used, record, barred, session } = state
  const failed = status >= 500
  const looked = used && session !== undefined && !failed && !state.over
  const changed = looked && state.text() !== (record?.data ?? '{}')
  return {
    used,
    stored: record !== undefined,
    barred,
    changed,
    failed,
    renewalDue: renewalDue(state) || (changed && state.core.settings.activity !== 'use'),
    cacheable: status === 304 || /\b(public|immutable|s-maxage)\b/i.test(cacheControl ?? ''),
    touchDue: touchDue(state),
    fresh: state.fresh !== undefined,
    clear: state.clear,
  }
}

/** Use is noted at most ten times per idle time, so that reading costs no write (R9). */
function touchDue({ core, record, used }: SessionState): boolean {
  const { now, idle, absolute, activity } = core.settings
  if (record === undefined || activity === 'write') return false
  const wanted = Math.min(now() + idle, record.created + absolute)
  return used && wanted - record.expires >= idle / 10
}

function issuing({ core, found, record }: SessionState, token: string): readonly SetCookie[] {
  const { cookie, now } = core.settings
  const set = cookie.set(token, now(), record?.expires ?? now(), record?.data ?? '{}')
  const twins = found.clear || found.renamed || found.tokens.length > 1
  return twins ? [...cookie.clearOthers(), set] : [set]
}

function clearing({ core, clear }: SessionState): readonly SetCookie[] {
  return clear ? core.settings.cookie.clear() : []
}

function headChanges(
  state: SessionState,
  { cacheControl }: Answer,
  cookies: readonly SetCookie[],
  failure: unknown,
): HeadChanges {
  const error = failure === undefined ? undefined : asSessionError(failure)
  return { cookies, vary: state.used, cacheControl: caching(state, cacheControl, cookies), error }
}

/** A session cookie, or an answer made for one user, must not come out of a shared cache (R12, R15). */
function caching(
  { used }: SessionState,
  cacheControl: string | undefined,
  cookies: readonly SetCookie[],
): HeadChanges['cacheControl'] {
  if (cookies.length > 0) return /\bno-store\b/i.test(cacheControl ?? '') ? undefined : 'no-store'
  return used && cacheControl === undefined ? 'private' : undefined
}

/** What the store or the app threw, as the one kind of error that adapters hand on. */
export function asSessionError(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('store_unavailable', 'The session could not be stored', { cause: error })
}
