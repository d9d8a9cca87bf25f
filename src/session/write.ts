import { SessionError } from '../errors.ts'
import { type Data, parseData } from './data.ts'
import { type Identity, refuseLargeCookie, sign, tokenContents } from './identity.ts'
import { merge } from './merge.ts'
import { ENDED, type SessionRecord } from './record.ts'
import { type SessionState, newId } from './state.ts'
import { type Steps, wait } from './steps.ts'

/** Each try fails only because another writer succeeded; so many in a row mean a broken store. */
const MOST_TRIES = 1000

/** Stores a new record and signs its token. The store refuses an id that is taken (SES-03). */
export function* create(state: SessionState, identity: Identity, data: string): Steps<void> {
  const { settings, store, events } = state.core
  const now = settings.now()
  const created = state.created ?? now
  const expires = state.expiry(created, now)
  const record = { ...identity, version: newVersion(), data, created, expires }
  let id = state.id
  refuseLargeCookie(state.core, tokenContents(state.core, id, record))
  while (!(yield* wait(store.create(id, record)))) id = state.newId()
  state.adopt(id, record)
  state.barred = false
  state.fresh = sign(state.core, id, record)
  events.emit('created', { id })
}

/**
 * Writes the session's data over the record that was read. If another request wrote meanwhile, both
 * changes are joined; a session that ended, or became another user's, is not written (R18).
 *
 * @param claims new claims, at a renewal
 */
export function* update(state: SessionState, claims?: string): Steps<void> {
  let data = state.text()
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const record = present(state)
    if (yield* replace(state, data, claims ?? record.claims)) return
    data = yield* joinWithStored(state, record, data)
  }
  throw conflict('The session is being changed faster than this change could be stored')
}

/** Compares and swaps once; false if another request was faster. */
export function* replace(state: SessionState, data: string, claims: string): Steps<boolean> {
  const { settings, store } = state.core
  const record = present(state)
  const expires = state.expiry(record.created, settings.now())
  const next = { ...record, version: newVersion(), claims, data, expires }
  const result = yield* wait(store.update(state.id, next, record.version))
  if (result === 'gone') throw ended()
  if (result === 'conflict') return false
  state.record = next
  return true
}

/** Reads what another request stored, and joins it with this request's data. */
function* joinWithStored(state: SessionState, read: SessionRecord, ours: string): Steps<string> {
  const theirs = yield* readAgain(state)
  const { data, overwritten } = merge(parsed(read.data), parsed(ours), parsed(theirs.data))
  const code = overwritten.length > 0 ? 'conflict_overwritten' : 'conflict_merged'
  state.core.events.emit(code, { id: state.id })
  state.replaceData(data)
  return JSON.stringify(data)
}

/** The record as it is stored now. @throws SessionError `session_ended`, `session_conflict` */
export function* readAgain(state: SessionState): Steps<SessionRecord> {
  const before = present(state)
  const now = yield* wait(state.core.store.read(state.id))
  if (now === undefined || now === ENDED) throw ended()
  if (now.userId !== before.userId)
    throw conflict('The session was bound to another user meanwhile')
  state.record = now
  return now
}

/** Moves the end of an unused session; false if it is gone. */
export function* touch(state: SessionState): Steps<boolean> {
  const record = present(state)
  const expires = state.expiry(record.created, state.core.settings.now())
  if (!(yield* wait(state.core.store.touch(state.id, expires)))) return false
  state.record = { ...record, expires: Math.max(record.expires, expires) }
  return true
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

function conflict(message: string): SessionError {
  return new SessionError('session_conflict', `${message}; nothing was stored`)
}

function present({ record }: SessionState): SessionRecord {
  if (record === undefined) throw ended()
  return record
}

function newVersion(): string {
  return newId()
}
