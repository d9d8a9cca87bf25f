import { SessionError } from '../errors.ts'
import { type Identity, claimsOf } from '../session/identity.ts'
import { endForSuccessor } from '../session/lifecycle.ts'
import { type Steps, wait } from '../session/steps.ts'
import { create, ended, update } from '../session/write.ts'
import type { RequestState } from './state.ts'

/** Stores the session under its user, by an id of its own where the user is another (R1). */
export function* store(state: RequestState): Steps<void> {
  const { mark } = state.who
  if (state.record === undefined) yield* begin(state)
  else if (isAdoptable(state)) yield* adopt(state)
  else if (mark !== state.mark) yield* rebind(state)
  else yield* update(state)
}

/** Whether storing the session gives it an id that the client does not know. */
export function setsCookie(state: RequestState): boolean {
  return state.record === undefined || state.mark !== state.who.mark
}

/** Whether the session's user logged in before we knew of users: no login, so it keeps its id. */
export function isAdoptable({ unbound, mark, who }: RequestState): boolean {
  return unbound && mark === who.mark
}

function* begin(state: RequestState): Steps<void> {
  if (state.barred) throw ended()
  const identity = yield* identityOf(state)
  yield* create(state, identity, state.text())
}

function* adopt(state: RequestState): Steps<void> {
  const { claims } = yield* identityOf(state)
  yield* update(state, claims)
  state.unbound = false
}

/** The old id is dead: whoever knew it before the login, or after the logout, knows nothing. */
export function* rebind(state: RequestState): Steps<void> {
  const identity = yield* identityOf(state)
  const { live } = state
  const kept = yield* endForSuccessor(state, everything, () => true)
  if (kept === undefined) throw ended()
  state.live = undefined
  state.created = undefined
  state.reset()
  state.live = live
  state.replaceData(kept)
  yield* create(state, identity, state.text())
  state.rename()
  state.core.events.emit('rotated', { id: state.id })
}

function everything(): boolean {
  return true
}

/** The session is its user's from here on. @throws SessionError `invalid_user`, `invalid_claims` */
function* identityOf(state: RequestState): Steps<Identity> {
  const { userId, mark } = state.who
  const user = userId === undefined ? undefined : yield* userOf(state, userId)
  const claims = yield* claimsOf(state.core, user)
  state.mark = mark
  return { userId, claims }
}

function* userOf({ core }: RequestState, id: string): Steps<unknown> {
  const { user: find } = core.settings
  if (find === undefined) return { id }
  const user = yield* wait(find(id))
  if (user !== undefined && user !== null) return user
  throw new SessionError(
    'invalid_user',
    'user(id) knows no user of the id that userId(session) names',
  )
}
