import type { StatementSync } from 'node:sqlite'
import { ENDED, type SessionRecord, type StoredSession, type UserMark } from '../session/record.ts'

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
  read: StatementSync,
  id: Buffer,
  now: number,
): SessionRecord | typeof ENDED | undefined {
  try {
    return answer(read.get(id, now))
  } catch (error) {
    // Node's word for an integer beyond 2^53: no time of ours.
    if ((error as NodeJS.ErrnoException).code === 'ERR_OUT_OF_RANGE') return undefined
    throw error
  }
}

/** Why a conditional write found no row to change. */
export function whyNot(read: StatementSync, id: Buffer, now: number): 'conflict' | 'gone' {
  return typeof find(read, id, now) === 'object' ? 'conflict' : 'gone'
}

/** The living sessions of a user; a row that this package cannot have written is none. */
export function findOfUser(ofUser: StatementSync, userId: string, now: number): StoredSession[] {
  return ofUser.all(userId, now).flatMap((row) => {
    const record = answer(row)
    if (typeof record !== 'object' || !(row['id'] instanceof Uint8Array)) return []
    return [{ handle: Buffer.from(row['id']).toString('base64url'), record }]
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
  userMark: StatementSync,
  userId: string,
  now: number,
): UserMark | undefined {
  const row = userMark.get(userId, now)
  if (row === undefined) return undefined
  const ids = JSON.parse(String(row['except_ids'])) as string[]
  const except = ids.map((id) => Buffer.from(id, 'hex').toString('base64url'))
  return { before: Number(row['before']), except, expires: Number(row['expires']) }
}

/** The stored id that a handle is the text of; undefined if it is the text of none. */
export function idOf(handle: string): Buffer | undefined {
  const id = Buffer.from(handle, 'base64url')
  return id.toString('base64url') === handle ? id : undefined
}

function answer(row: ReturnType<StatementSync['get']>): SessionRecord | typeof ENDED | undefined {
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
