import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { SessionError } from '../errors.ts'
import { type Data, parseData } from './data.ts'
import {
  type Identity,
  inheriting,
  refuseLargeCookie,
  sign,
  tokenContents,
  userMark,
} from './identity.ts'
import { ENDED, firstSecondAfter, type SessionRecord } from './record.ts'
import type { SessionState } from './state.ts'
import { type Steps, wait } from './steps.ts'

/** Each try fails only because another writer succeeded; so many in a row mean a broken store. */
export const MOST_TRIES = 1000
const LONGEST_PAUSE_MS = 50
/** 192 random bits are not taken twice. */
const MOST_IDS = 10

/**
 * Stores a new record and signs its token. The store refuses an id that is taken (SES-03). Whatever
 * the clocks of processes say, the record begins after its user's sessions were ended, and not before
 * its token can: the next mark then covers both.
 */
export function* create(state: SessionState, identity: Identity, data: string): Steps<void> {
  const { settings, store, events } = state.core
  const now = settings.now()
  const mark = yield* userMark(state.core, identity.userId)
  const since = mark === undefined ? 0 : firstSecondAfter(mark) * 1000
  const created = Math.max(state.created ?? now, since)
  const expires = state.expiry(created, now, data)
  const record = { ...identity, version: randomUUID(), data, created, expires }
  let id = state.id
  refuseLargeCookie(state.core, tokenContents(state.core, id, record))
  for (let tries = 1; !(yield* wait(store.create(id, record))); tries++) {
    if (tries === MOST_IDS) throw takenIds()
    id = state.newId()
  }
  state.adopt(id, record)
  state.barred = false
  try {
    state.fresh = yield* sign(state.core, id, record, mark)
  } catch (error) {
    yield* discard(state)
    throw error
  }
  events.emit('created', { id })
}

/** Without its cookie a new session is nobody's: this request may not go on as if it were (R14). */
function* discard(state: SessionState): Steps<void> {
  const { store, endings } = state.core
  const { id } = state
  state.reset()
  try {
    yield* wait(store.end(id))
  } catch {
    endings.add(id)
  }
}

/**
 * Writes the session's data over the record that was read. If another request wrote meanwhile, both
 * changes are joined; a session that ended, or became another user's, is not written (R18).
 *
 * @param claims new claims, at a renewal
 */
export function* update(state: SessionState, claims?: string): Steps<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (yield* replace(state, state.text(), claims ?? present(state).claims)) return
    yield* followStored(state, tries + 1)
  }
  throw tooBusy()
}

/** Compares and swaps once; false if another request was faster. */
export function* replace(state: SessionState, data: string, claims: string): Steps<boolean> {
  const { settings, store } = state.core
  const record = present(state)
  const expires = state.expiry(record.created, settings.now(), data)
  const next = { ...record, version: randomUUID(), claims, data, expires }
  const result = yield* wait(store.update(state.id, next, record.version))
  if (result === 'gone') throw ended()
  if (result === 'conflict') return false
  state.record = next
  return true
}

/**
 * Goes on from what another request stored, with this request's own changes over it; after some
 * defeats not at once, so that many writers do not keep each other from succeeding.
 *
 * @param defeats how often another writer was faster by now
 */
export function* followStored(state: SessionState, defeats: number): Steps<void> {
  if (defeats > 1) yield* wait(sleep(Math.random() * Math.min(2 ** defeats, LONGEST_PAUSE_MS)))
  const overwritten = yield* catchUp(state)
  const code = overwritten.length > 0 ? 'conflict_overwritten' : 'conflict_merged'
  state.core.events.emit(code, { id: state.id })
}

/**
 * Puts the session onto what is stored now, with this request's own changes over it.
 *
 * @returns the properties that both changed
 */
export function* catchUp(state: SessionState): Steps<readonly string[]> {
  const read = parsed(present(state).data)
  const theirs = parsed((yield* readAgain(state)).data)
  return state.rebase(read, theirs)
}

/** The record as it is stored now. @throws SessionError `session_ended`, `session_conflict` */
export function* readAgain(state: SessionState): Steps<SessionRecord> {
  const before = present(state)
  const now = yield* wait(state.core.store.read(state.id))
  if (now === undefined || now === ENDED) throw ended()
  if (now.userId !== before.userId)
    throw conflict('The session was bound to another user meanwhile')
  return (state.record = inheriting(state.core, now, state.token))
}

/** Moves the end of an unused session; false if it is gone. */
export function* touch(state: SessionState): Steps<boolean> {
  const { created, data } = present(state)
  return yield* moveEnd(state, state.expiry(created, state.core.settings.now(), data))
}

function* moveEnd(state: SessionState, expires: number): Steps<boolean> {
  const record = present(state)
  if (!(yield* wait(state.core.store.touch(state.id, expires)))) return false
  state.record = { ...record, expires: Math.max(record.expires, expires) }
  return true
}

/** A use that could not be noted costs nobody their answer; the guard has told of the store. */
export function* touchQuietly(state: SessionState): Steps<boolean> {
  try {
    // Where looking is no use, the store is only asked whether the session lives.
    if (state.core.settings.activity === 'write') {
      return yield* moveEnd(state, present(state).expires)
    }
    return yield* touch(state)
  } catch {
    return false
  }
}

export function parsed(text: string): Data {
  return parseData(text) ?? {}
}

export function ended(): SessionError {
  return new SessionError(
    'session_ended',
    'The session ended while this request was under way; nothing was stored',
  )
}

export function tooBusy(): SessionError {
  return conflict('The session is being changed faster than this change could be stored')
}

function conflict(message: string): SessionError {
  return new SessionError('session_conflict', `${message}; nothing was stored`)
}

function present({ record }: SessionState): SessionRecord {
  if (record === undefined) throw ended()
  return record
}

function takenIds(): SessionError {
  return new SessionError('store_unavailable', 'The store calls every new id taken')
}
