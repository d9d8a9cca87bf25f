import { BACKDATED_SECONDS } from '../token/claims.ts'
import type { GenuineToken } from '../token/token.ts'
import { identify, markOfYoung, sign } from './identity.ts'
import type { Plan } from './plan.ts'
import type { SessionRecord } from './record.ts'
import type { Core, SessionState } from './state.ts'
import { type Steps, wait } from './steps.ts'
import { ended, touchQuietly, update } from './write.ts'

/** Whether this commit may issue the token again; not by a record from memory, which may be old. */
export function renewalDue(state: SessionState): boolean {
  const { core, record, token, found, fresh, recalled } = state
  if (record === undefined || fresh !== undefined || recalled) return false
  if (core.settings.readOnly) return false
  return found.renamed || (token !== undefined && isDue(core, token, record))
}

/**
 * Renews because the client asks for it (R33).
 *
 * @param use whether that counts as use of the session
 * @returns whether there is a session, and a new token for it
 */
export function* renewNow(state: SessionState, use: boolean): Steps<boolean> {
  if (state.record === undefined) return false
  yield* renew(state, use ? 'touch' : 'none')
  return state.fresh !== undefined
}

/** A token is issued again at half its life, or once it says what is no longer so (R15). */
export function isDue({ settings }: Core, token: GenuineToken, record: SessionRecord): boolean {
  const { activity, bare, now, tokenLife, absolute } = settings
  if (token.superseded || activity === 'request') return true
  const differs = token.claimsText !== record.claims || token.userId !== record.userId
  if (differs && !bare) return true
  const halfLife = ((token.iat + BACKDATED_SECONDS + token.exp) * 1000) / 2
  const end = activity === 'use' ? record.created + absolute : record.expires
  const longest = Math.min(now() + tokenLife, end)
  return now() >= halfLife && Math.floor(longest / 1000) > token.exp
}

/**
 * A renewed token says what is true now: the user is asked for again, and the store must say alive
 * before anything is signed (R3, R15). What fails here costs the user nothing but the renewal.
 */
export function* renew(state: SessionState, write: Plan['write']): Steps<void> {
  const { record } = state
  if (record === undefined) throw ended()
  const claims = yield* askAgain(state, record)
  if (claims === null) yield* endForMissingUser(state)
  else if (yield* storeRenewed(state, write, claims ?? record.claims)) {
    if (claims !== undefined) yield* signAgain(state, state.record ?? record)
  }
}

function* storeRenewed(state: SessionState, write: Plan['write'], claims: string): Steps<boolean> {
  const stands = claims === state.record?.claims || state.core.settings.derivesClaims
  if (write === 'update' || !stands) yield* update(state, claims)
  else if (!(yield* write === 'none' ? isAlive(state) : touchQuietly(state))) return false
  if (state.record !== undefined) state.record = { ...state.record, claims }
  return true
}

/** Asks so without moving the end. */
function* isAlive({ core, id, record }: SessionState): Steps<boolean> {
  return record !== undefined && (yield* wait(core.store.touch(id, record.expires)))
}

function* signAgain(state: SessionState, record: SessionRecord): Steps<void> {
  try {
    const mark = yield* markOfYoung(state.core, record)
    state.fresh = yield* sign(state.core, state.id, record, mark)
    state.core.events.emit('renewed', { id: state.id })
  } catch (error) {
    renewalFailed(state, error)
  }
}

/** The claims as they are now; undefined if they could not be had, null if there is no such user. */
function* askAgain(
  state: SessionState,
  { userId, claims }: SessionRecord,
): Steps<string | null | undefined> {
  const { user, inherit } = state.core.settings
  if (userId === undefined || user === undefined) return claims
  try {
    const found = yield* wait(user(userId))
    if (found === undefined || found === null) return null
    const identity = yield* identify(state.core, found)
    if (identity.userId === userId) return inherit(identity.claims, state.token)
    throw new Error('user(id) answered with a user of another id')
  } catch (error) {
    renewalFailed(state, error)
    return undefined
  }
}

function renewalFailed(state: SessionState, error: unknown): void {
  state.core.events.emit('renewal_failed', { id: state.id, error })
}

function* endForMissingUser(state: SessionState): Steps<void> {
  yield* wait(state.core.store.end(state.id))
  state.core.events.emit('ended', { id: state.id })
  state.core.signals.abort(state.id)
  state.reset()
}
