import { SessionError } from '../errors.ts'
import { type Plan, type Situation, makePlan } from './plan.ts'
import { begin } from './lifecycle.ts'
import { identify, sign } from './identity.ts'
import { BACKDATED_SECONDS } from '../token/claims.ts'
import type { SetCookie } from './cookie.ts'
import type { SessionState } from './state.ts'
import { type Steps, wait } from './steps.ts'
import { ended, touch, update } from './write.ts'

/** The response head as the app made it. */
export interface Answer {
  readonly status: number
  readonly cacheControl: string | undefined
}

/** What a commit wants of the response head. */
export interface HeadChanges {
  /** Ours alone: they replace cookies of the same names that the app set. */
  readonly cookies: readonly SetCookie[]
  /** Whether the answer depends on the cookie, for `Vary`. */
  readonly vary: boolean
  /** The value to set, or undefined to leave the app's. */
  readonly cacheControl: 'private' | 'no-store' | undefined
  /** The session could not be stored: the app's answer may not go out. */
  readonly error: SessionError | undefined
}

/** Plan → store → token → cookie: carried out before the first byte of the answer (R14). */
export function* commit(state: SessionState, answer: Answer): Steps<HeadChanges> {
  try {
    if (state.failure !== undefined) throw state.failure
    const plan = makePlan(situation(state, answer))
    const cookies = yield* carryOut(state, plan)
    return headChanges(state, answer, cookies, undefined)
  } catch (error) {
    return headChanges(state, answer, clearing(state), error)
  } finally {
    state.headSent = true
  }
}

/** What the answer to a failed commit still has to say of the cookie: never that someone is logged in. */
export function failedHead(state: SessionState, answer: Answer): HeadChanges {
  return headChanges(state, answer, clearing(state), undefined)
}

function* carryOut(state: SessionState, plan: Plan): Steps<readonly SetCookie[]> {
  if (plan.write === 'refuse') throw ended()
  if (plan.cookie === 'renew') return yield* renew(state, plan)
  if (plan.write === 'create') yield* begin(state, state.text())
  if (plan.write === 'update') yield* update(state)
  if (plan.write === 'touch') yield* touch(state)
  return plan.cookie === 'issue' ? issuing(state) : plan.cookie === 'clear' ? clearing(state) : []
}

/**
 * A renewed token says what is true now: the user is asked for again, and the store must say alive
 * before anything is signed (R3, R15). What fails here costs the user nothing but the renewal.
 */
function* renew(state: SessionState, plan: Plan): Steps<readonly SetCookie[]> {
  const claims = yield* askAgain(state)
  if (claims === 'ended') return yield* endForMissingUser(state)
  const stored = claims ?? state.record?.claims
  if (plan.write === 'update' || stored !== state.record?.claims) yield* update(state, stored)
  else if (!(yield* touch(state))) return []
  if (claims === undefined) return []
  try {
    state.fresh = sign(state.core, state.id, state.record!)
  } catch (error) {
    return renewalFailed(state, error) ?? []
  }
  state.core.events.emit('renewed', { id: state.id })
  return issuing(state)
}

/** The claims as they are now; undefined if they could not be had, `'ended'` if there is no such user. */
function* askAgain(state: SessionState): Steps<string | 'ended' | undefined> {
  const { userId, claims } = state.record!
  const { user } = state.core.settings
  if (userId === undefined || user === undefined) return claims
  try {
    const found = yield* wait(user(userId))
    if (found === undefined || found === null) return 'ended'
    const identity = yield* identify(state.core, found)
    if (identity.userId === userId) return identity.claims
    return renewalFailed(state, new Error('user(id) answered with a user of another id'))
  } catch (error) {
    return renewalFailed(state, error)
  }
}

function renewalFailed(state: SessionState, error: unknown): undefined {
  state.core.events.emit('renewal_failed', { id: state.id, error })
}

function* endForMissingUser(state: SessionState): Steps<readonly SetCookie[]> {
  yield* wait(state.core.store.end(state.id))
  state.core.events.emit('ended', { id: state.id })
  state.core.signals.abort(state.id)
  state.reset()
  return clearing(state)
}

function situation(state: SessionState, { status, cacheControl }: Answer): Situation {
  const { used, record, barred, session } = state
  const failed = status >= 500
  const looked = used && session !== undefined && !failed
  return {
    used,
    stored: record !== undefined,
    barred,
    changed: looked && state.text() !== (record?.data ?? '{}'),
    failed,
    renewalDue: renewalDue(state),
    cacheable: status === 304 || /\b(public|immutable|s-maxage)\b/i.test(cacheControl ?? ''),
    touchDue: touchDue(state),
    fresh: state.fresh !== undefined,
    clear: state.clear,
  }
}

/** A token is issued again at half its life, or once it says what is no longer so (R15). */
function renewalDue({ core, record, token, found, fresh }: SessionState): boolean {
  if (record === undefined || token === undefined || fresh !== undefined) return false
  if (found.renamed || !token.current) return true
  if (token.claimsText !== record.claims || token.userId !== record.userId) return true
  const { now, tokenLife, absolute } = core.settings
  const halfLife = ((token.iat + BACKDATED_SECONDS + token.exp) * 1000) / 2
  const longest = Math.min(now() + tokenLife, record.created + absolute)
  return now() >= halfLife && Math.floor(longest / 1000) > token.exp
}

/** Use is noted at most ten times per idle time, so that reading costs no write (R9). */
function touchDue({ core, record, ...state }: SessionState): boolean {
  if (record === undefined) return false
  const { now, idle, absolute } = core.settings
  const wanted = Math.min(now() + idle, record.created + absolute)
  return state.used && wanted - record.expires >= idle / 10
}

function issuing({ core, found, record, fresh }: SessionState): readonly SetCookie[] {
  if (record === undefined || fresh === undefined) return []
  const { cookie, now } = core.settings
  const set = cookie.set(fresh, now(), record.expires)
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

function asSessionError(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('store_unavailable', 'The session could not be stored', { cause: error })
}
