import { SessionError } from '../errors.ts'
import type { Data } from './data.ts'
import { type Identity, identify, knownUser, refuseLargeCookie, tokenContents } from './identity.ts'
import { merge } from './merge.ts'
import { ENDED, type SessionRecord } from './record.ts'
import type { SessionState } from './state.ts'
import { type Steps, wait } from './steps.ts'
import {
  catchUp,
  create,
  ended,
  followStored,
  MOST_TRIES,
  parsed,
  readAgain,
  replace,
  tooBusy,
  touch as touchRecord,
  update,
} from './write.ts'

/** Each of these is done in the store when its promise resolves, and holds whatever the status (R17). */

export function* login(
  state: SessionState,
  user: unknown,
  keep: readonly string[] | undefined,
): Steps<void> {
  state.refuseAfterHead('login()')
  if (user === undefined || user === null) {
    throw new SessionError(
      'invalid_user',
      'login() needs the user; refuse wrong credentials before',
    )
  }
  const keeps = named(state, keep)
  const identity = yield* identify(state.core, yield* knownUser(state.core, user))
  refuseLargeCookie(state.core, futureContents(state, identity))
  const kept = yield* endForSuccessor(state, keeps, (owner) => owner === identity.userId)
  state.created = undefined
  state.reset()
  state.replaceData(kept ?? {})
  yield* create(state, identity, state.textOf(kept ?? {}))
  state.core.events.emit('rotated', { id: state.id })
}

/** Without a restart of the absolute life; the successor is stored as soon as it holds anything. */
export function* regenerate(state: SessionState, keep: readonly string[]): Steps<void> {
  state.refuseAfterHead('regenerate()')
  const keeps = named(state, keep)
  const created = state.record?.created
  const kept = yield* endForSuccessor(state, keeps, () => true)
  if (kept === undefined && keep.length > 0) throw ended()
  state.created = created
  state.reset()
  state.replaceData(kept ?? {})
}

/** Ends what every genuine cookie of this request names, so that no twin stays logged in (R11). */
export function* logout(state: SessionState): Steps<void> {
  const ids = new Set(state.found.tokens.map((token) => token.id))
  if (state.record !== undefined) ids.add(state.id)
  yield* endAll(state, ids)
}

export function* destroy(state: SessionState): Steps<void> {
  yield* endAll(state, state.record === undefined ? [] : [state.id])
}

/**
 * A store that fails must not keep anyone logged in whom we told otherwise: the session is over in
 * this process and its cookie cleared, the end is tried again, and the failure is told.
 */
function* endAll(state: SessionState, ids: Iterable<string>): Steps<void> {
  const { store, endings, signals, events } = state.core
  const failures: unknown[] = []
  for (const id of ids) {
    try {
      if ((yield* wait(store.end(id))) === 'ok') events.emit('ended', { id })
    } catch (error) {
      if (error instanceof SessionError && error.code === 'not_supported') throw error
      failures.push(error)
      endings.add(id)
      events.emit('logout_pending', { id })
    }
    signals.abort(id)
  }
  state.reset()
  state.created = undefined
  if (failures.length > 0) throw failures[0]
}

export function* reload(state: SessionState): Steps<void> {
  if (state.record === undefined) throw ended()
  const record = yield* readAgain(state)
  state.replaceData(parsed(record.data))
}

export function* save(state: SessionState): Steps<void> {
  if (state.record === undefined) yield* beginNow(state, state.text())
  else if (state.text() === state.record.data) yield* touch(state)
  else yield* update(state)
}

export function* touch(state: SessionState): Steps<void> {
  if (state.record !== undefined && !(yield* touchRecord(state))) throw ended()
}

/** Begins an anonymous session: its claims are what `claims()` says of nobody. */
export function* begin(state: SessionState, data: string): Steps<void> {
  if (state.barred) throw ended()
  yield* create(state, yield* identify(state.core, undefined), data)
}

function* beginNow(state: SessionState, data: string): Steps<void> {
  state.refuseAfterHead('A new session')
  yield* begin(state, data)
}

/**
 * Runs the change on what is stored, again whenever another writer was faster (R18). The session
 * itself changes only when the change is stored, and keeps what the app does to it meanwhile.
 */
export function* change<T>(state: SessionState, apply: (data: Data) => T): Steps<Awaited<T>> {
  if (state.recalled) yield* catchUp(state)
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const before = state.text()
    const draft = parsed(before)
    const result = yield* applied(state, () => apply(draft))
    if (yield* storeText(state, state.textOf(draft))) {
      state.rebase(parsed(before), draft)
      return result
    }
    yield* followStored(state, tries + 1)
  }
  throw tooBusy()
}

/** An app that was told of the session's end makes its own answer: the commit refuses it no more. */
export function* heeded<T>(state: SessionState, operation: Steps<T>): Steps<T> {
  try {
    return yield* operation
  } catch (error) {
    if (error instanceof SessionError && error.status === 409) state.over = true
    throw error
  }
}

function* applied<T>(state: SessionState, apply: () => T): Steps<Awaited<T>> {
  state.applying = true
  try {
    return (yield* wait(apply())) as Awaited<T>
  } finally {
    state.applying = false
  }
}

function* storeText(state: SessionState, text: string): Steps<boolean> {
  if (state.record !== undefined) return yield* replace(state, text, state.record.claims)
  yield* beginNow(state, text)
  return true
}

/**
 * Ends the current record in favour of a successor, by compare-and-swap, so that what is carried over
 * is what was stored last (R16). Undefined if it was gone already: nothing can be carried over then.
 *
 * @param keeps whether a property is carried over
 * @param mayKeep whether a session of this owner may hand anything on
 */
export function* endForSuccessor(
  state: SessionState,
  keeps: (name: string) => boolean,
  mayKeep: (owner: string) => boolean,
): Steps<Data | undefined> {
  let record = state.record
  let data = state.data()
  for (let tries = 0; record !== undefined; tries++) {
    if (tries === MOST_TRIES) throw tooBusy()
    const result = yield* wait(state.core.store.end(state.id, record.version))
    if (result === 'gone') return undefined
    if (result === 'ok') {
      state.core.signals.abort(state.id)
      break
    }
    const theirs: SessionRecord | typeof ENDED | undefined = yield* wait(
      state.core.store.read(state.id),
    )
    if (theirs === undefined || theirs === ENDED) return undefined
    data = merge(parsed(record.data), data, parsed(theirs.data)).data
    record = theirs
  }
  const owner = record?.userId ?? record?.ownerId
  if (owner !== undefined && !mayKeep(owner)) return {}
  return Object.fromEntries(Object.entries(data).filter(([name]) => keeps(name)))
}

/** @throws SessionError `invalid_option`, `invalid_data` before anything has ended */
function named(
  state: SessionState,
  names: readonly string[] | undefined,
): (name: string) => boolean {
  if (names === undefined) {
    if (state.core.settings.keepsAtLogin) state.text()
    return () => state.core.settings.keepsAtLogin
  }
  if (!Array.isArray(names)) {
    throw new SessionError('invalid_option', 'keep must be a list of property names')
  }
  if (names.length > 0) state.text()
  return (name) => names.includes(name)
}

/** The token as it will be, to know its size before anything is stored. */
function futureContents(state: SessionState, identity: Identity): ReturnType<typeof tokenContents> {
  const now = state.core.settings.now()
  const record = {
    ...identity,
    version: '',
    data: '',
    created: now,
    expires: state.expiry(now, now, '{}'),
  }
  return tokenContents(state.core, state.newId(), record)
}
