import {
  ENDED,
  type RevocationPage,
  type SessionRecord,
  type StoredSession,
  type UserMark,
} from '../../session/record.ts'
import type { Row, SqliteStatement } from './connection.ts'

/**
 * A record as parameters of the statements that write one. Node 22 reads a text only up to a NUL:
 * JSON escapes it, and user ids have no control characters.
 */
export function columns(record: SessionRecord): Record<string, string | number | null> {
  const { version, userId = null, claims, data, created, expires } = record
  return { version, userId, claims, data, created, expires }
}

/** What `read` answers. A row that this package cannot have written is one that is not there. */
export function find(
  read: SqliteStatement,
  id: Buffer,
  now: number,
): SessionRecord | typeof ENDED | undefined {
  try {
    return answer(named(read.get(id, now)))
  } catch (error) {
    // Node's word for an integer beyond 2^53: no time of ours.
    if ((error as NodeJS.ErrnoException).code === 'ERR_OUT_OF_RANGE') return undefined
    throw error
  }
}

/** From a driver that gives `read` arrays instead (`SqliteConnection`). */
function named(row: Row | undefined): Row | undefined {
  if (!Array.isArray(row)) return row
  const [version, user_id, claims, data, created, expires, ended] = row as unknown[]
  return { version, user_id, claims, data, created, expires, ended }
}

/** Why a conditional write found no row to change. */
export function whyNot(read: SqliteStatement, id: Buffer, now: number): 'conflict' | 'gone' {
  return typeof find(read, id, now) === 'object' ? 'conflict' : 'gone'
}

/** The living sessions of a user; a row that this package cannot have written is none. */
export function findOfUser(ofUser: SqliteStatement, userId: string, now: number): StoredSession[] {
  return sessionsOf(ofUser.all(userId, now))
}

export function sessionsOf(rows: readonly Row[]): StoredSession[] {
  return rows.flatMap((row) => {
    const record = answer(row)
    const id = row['id']
    // libsql gives all() other bytes than get().
    const isBytes = id instanceof Uint8Array || id instanceof ArrayBuffer
    if (typeof record !== 'object' || !isBytes) return []
    return [{ handle: Buffer.from(id as Uint8Array).toString('base64url'), record }]
  })
}

/** A mark as parameters of the statement that writes one. */
export function markColumns({
  before,
  except,
  expires,
}: UserMark): Record<string, string | number> {
  const exceptIds = JSON.stringify(except.flatMap((handle) => idOf(handle)?.toString('hex') ?? []))
  return { before, exceptIds, expires }
}

export function findMark(
  userMark: SqliteStatement,
  userId: string,
  now: number,
): UserMark | undefined {
  return markOf(userMark.get(userId, now))
}

export function markOf(row: Row | undefined): UserMark | undefined {
  if (row === undefined) return undefined
  const ids = JSON.parse(String(row['except_ids'])) as string[]
  const except = ids.map((id) => Buffer.from(id, 'hex').toString('base64url'))
  return { before: Number(row['before']), except, expires: Number(row['expires']) }
}

export function pageOf(row: Row | undefined, entries: readonly Row[]): RevocationPage {
  return {
    generation: String(row?.['generation']),
    last: Number(row?.['last']),
    entries: entries.map(({ number, text }) => ({ number: Number(number), text: String(text) })),
  }
}

/** The stored id that a handle is the text of; undefined if it is the text of none. */
export function idOf(handle: string): Buffer | undefined {
  const id = Buffer.from(handle, 'base64url')
  return id.toString('base64url') === handle ? id : undefined
}

export function answer(row: Row | undefined): SessionRecord | typeof ENDED | undefined {
  if (row === undefined) return undefined
  const { version, user_id: userId, claims, data, created, expires, ended } = row
  if (typeof ended === 'number') return ENDED
  const isWhole =
    ended === null &&
    typeof version === 'string' &&
    (typeof userId === 'string' || userId === null) &&
    typeof claims === 'string' &&
    typeof data === 'string' &&
    typeof created === 'number' &&
    typeof expires === 'number'
  if (!isWhole) return undefined
  return { version, userId: userId ?? undefined, claims, data, created, expires }
}
