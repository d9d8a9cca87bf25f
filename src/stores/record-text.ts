import type { SessionRecord } from '../session/record.ts'

/**
 * A record as one text, for stores that keep texts: five lines, then the claims and the data. The
 * version comes first, so that a script compares it without parsing. The user is in quotes, since
 * nobody is not the same as an empty name; user ids have no control characters.
 */
export function recordText(record: SessionRecord): string {
  const { version, userId, created, expires, claims, data } = record
  const user = userId === undefined ? '' : `"${userId}"`
  return [version, user, created, expires, claims.length, claims + data].join('\n')
}

const FORM = /^([^\n]+)\n(?:"([^\n]*)")?\n(\d+)\n(\d+)\n(\d+)\n/

/** Undefined for a text that this package did not write. */
export function parseRecordText(text: unknown): SessionRecord | undefined {
  const form = typeof text === 'string' ? FORM.exec(text) : null
  if (form === null) return undefined
  const [head, version = '', userId, created, expires, claimsLength] = form
  const dataStart = head.length + Number(claimsLength)
  return {
    version,
    userId,
    claims: form.input.slice(head.length, dataStart),
    data: form.input.slice(dataStart),
    created: Number(created),
    expires: Number(expires),
  }
}
