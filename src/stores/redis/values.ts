import { hash } from 'node:crypto'
import { ENDED, type SessionRecord, TOMBSTONE_MS, type UserMark } from '../../session/record.ts'
import { parseRecordText, recordText } from '../record-text.ts'
import { MixedUp } from './connection.ts'

/** What one key says of a session, until `expires`. */
export interface Stored {
  readonly answer: SessionRecord | typeof ENDED
  readonly expires: number
}

/** How a user is named in keys. */
export function userName(userId: string): string {
  return hash('sha256', `symbolon stored user v1 ${userId}`, 'base64url')
}

/** Each value says under which name it belongs, so that no session is taken for another one. */
export function seal(name: string): string {
  return name.slice(0, 16)
}

const SEALED = /^[\w-]{16}\n/

function opened(name: string, value: string): string | undefined {
  if (value.startsWith(`${seal(name)}\n`)) return value.slice(seal(name).length + 1)
  if (SEALED.test(value)) throw new MixedUp()
  return undefined
}

export function recordValue(name: string, record: SessionRecord): string {
  return `${seal(name)}\n${recordText(record)}`
}

/** Shaped as a record's head. */
export function tombstone(name: string, now: number): string {
  return `${seal(name)}\n${ENDED}\n\n0\n${now + TOMBSTONE_MS}\n`
}

/** Nothing for what this package did not write. @throws MixedUp */
export function parseStored(name: string, value: string): Stored | undefined {
  const text = opened(name, value)
  if (text?.startsWith(`${ENDED}\n`)) return { answer: ENDED, expires: Number(text.split('\n')[3]) }
  const record = parseRecordText(text)
  return record && { answer: record, expires: record.expires }
}

/** @throws MixedUp */
export function parseMark(name: string, value: string): UserMark | undefined {
  const [before, expires, ...except] = opened(name, value)?.split('\n') ?? []
  return expires === undefined
    ? undefined
    : { before: Number(before), expires: Number(expires), except }
}
