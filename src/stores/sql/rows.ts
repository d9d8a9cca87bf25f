import {
  ENDED,
  type RevocationPage,
  type SessionRecord,
  type StoredSession,
  type UserMark,
} from '../../session/record.ts'
import type { Row, Values } from './statements.ts'

export function recordValues(record: SessionRecord): Values {
  const { version, userId, claims, data, created, expires } = record
  return { version, userId, claims, data, created, expires }
}

/** What `read` answers. A row that this package cannot have written is one that is not there. */
export function found(row: Row | undefined): SessionRecord | typeof ENDED | undefined {
  if (row === undefined) return undefined
  if (row['ended'] !== null) return ENDED
  const { version, userid: userId, claims, data } = row
  const [created, expires] = [Number(row['created']), Number(row['expires'])]
  const isWhole =
    typeof version === 'string' &&
    (typeof userId === 'string' || userId === null) &&
    typeof claims === 'string' &&
    typeof data === 'string' &&
    Number.isSafeInteger(created) &&
    Number.isSafeInteger(expires)
  if (!isWhole) return undefined
  return { version, userId: userId ?? undefined, claims, data, created, expires }
}

export function sessionsOf(rows: readonly Row[]): StoredSession[] {
  return rows.flatMap((row) => {
    const record = found(row)
    return typeof record === 'object' ? [{ handle: String(row['handle']), record }] : []
  })
}

/** Handles hold no commas. */
export function markValues({ before, except, expires }: UserMark): Values {
  return { createdUntil: before, kept: except.join(','), expires }
}

export function markOf(row: Row | undefined): UserMark | undefined {
  if (row === undefined) return undefined
  const except = String(row['kept']).split(',').filter(Boolean)
  return { before: Number(row['createduntil']), except, expires: Number(row['expires']) }
}

/** The generation comes in a row of its own where there are no entries. */
export function pageOf(rows: readonly Row[]): RevocationPage {
  const entries = rows.filter(({ number }) => number !== null)
  return {
    generation: String(rows[0]?.['generation']),
    last: Number(rows[0]?.['last']),
    entries: entries.map(({ number, text }) => ({ number: Number(number), text: String(text) })),
  }
}
