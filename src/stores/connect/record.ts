import { hash } from 'node:crypto'
import { sessionHash } from '../../session-names.ts'
import { type Data, parseData } from '../../session/data.ts'
import type { SessionRecord } from '../../session/record.ts'

/** Where our part of a record lies beside the app's data, which is what express-session stores. */
export const RESERVED = '__symbolon'

/** `__lastAccess` is written into every session by session-file-store. */
const TAKEN_NAMES: readonly string[] = ['cookie', RESERVED, '__lastAccess']

/** `path`, `httpOnly`, `secure`, `sameSite` …: all but the times. */
export type CookieAttributes = Readonly<Record<string, unknown>>

/** What a record is beyond the app's data and its end. */
export interface OwnPart {
  /** The session it was written for: Passport copies all properties of one into another. */
  readonly of: string
  readonly version: string
  /** Of the data as they were stored with this version. */
  readonly digest: string
  readonly userId?: string | undefined
  readonly claims: string
  readonly created: number
  /** Data whose names are taken outside. */
  readonly data?: Data
}

/** A record and the cookie's attributes stored with it, which are kept when it is written again. */
export interface Found {
  readonly record: SessionRecord
  readonly attributes: CookieAttributes
}

/** The session as it is given to a store: made for this one call, since some write into it. */
export function toSession(
  id: string,
  record: SessionRecord,
  attributes: CookieAttributes,
  now: number,
): Data {
  const { data: text, expires, ...rest } = record
  const all = Object.entries(parseData(text) ?? {})
  const data = Object.fromEntries(all.filter(([name]) => !TAKEN_NAMES.includes(name)))
  const hidden = all.filter(([name]) => TAKEN_NAMES.includes(name))
  const own: OwnPart = {
    ...rest,
    of: sessionHash(id),
    digest: digest(data),
    ...(hidden.length > 0 && { data: Object.fromEntries(hidden) }),
  }
  return { cookie: new LiveCookie(attributes, expires, now), ...data, [RESERVED]: own }
}

/**
 * The record in what a store has read; undefined if it is no session. One that the app stored before
 * it moved here has no part of ours: it is nobody's, and its times are those of its cookie.
 *
 * @param defaultLife what is left to a session whose cookie states no end, in ms
 */
export function fromSession(
  id: string,
  session: unknown,
  now: number,
  defaultLife: number,
): Found | undefined {
  if (!isObject(session) || !isObject(session['cookie'])) return undefined
  const { expires, lastSet, attributes } = readCookie(session['cookie'])
  const data = dataOf(session)
  const part = session[RESERVED]
  const own = isOwnPart(part) && part.of === sessionHash(id) ? part : undefined
  const contents = digest(data)
  const record: SessionRecord = {
    // express-session carries our part along when it writes other data: those are another version.
    version: own?.digest === contents ? own.version : contents,
    userId: own?.userId,
    claims: own?.claims ?? '{}',
    data: JSON.stringify({ ...data, ...own?.data }),
    created: own?.created ?? Math.min(lastSet ?? now, now),
    expires: expires ?? now + defaultLife,
  }
  return { record, attributes }
}

export function attributesOf(cookie: Data): CookieAttributes {
  return readCookie(cookie).attributes
}

/** What stores ask the `cookie` of express-session for, to know how long to keep a session. */
class LiveCookie {
  readonly originalMaxAge: number
  readonly expires: Date

  constructor(attributes: CookieAttributes, expires: number, now: number) {
    this.originalMaxAge = expires - now
    this.expires = new Date(expires)
    Object.assign(this, attributes)
  }

  get maxAge(): number {
    return this.originalMaxAge
  }

  get _expires(): Date {
    return this.expires
  }

  toJSON(): Data {
    return Object.fromEntries(Object.entries(this))
  }
}

const TIMES: readonly string[] = ['expires', '_expires', 'maxAge', 'originalMaxAge']

function readCookie(cookie: Data): {
  expires: number | undefined
  lastSet: number | undefined
  attributes: CookieAttributes
} {
  // By JSON, since stores in memory may give back the very object, its times behind accessors.
  const plain = JSON.parse(JSON.stringify(cookie)) as Data
  const expires = Date.parse(String(plain['expires'] ?? plain['_expires']))
  const lastSet = expires - Number(plain['originalMaxAge'] ?? NaN)
  const attributes = Object.entries(plain).filter(([name]) => !TIMES.includes(name))
  return {
    expires: unlessNaN(expires),
    lastSet: unlessNaN(lastSet),
    attributes: Object.fromEntries(attributes),
  }
}

function unlessNaN(time: number): number | undefined {
  return Number.isNaN(time) ? undefined : time
}

/** Inherited properties too: express-session copies them, and stores in memory may inherit. */
export function dataOf(session: Data): Data {
  const data: [string, unknown][] = []
  for (const name in session) {
    if (!TAKEN_NAMES.includes(name) && !isMark(name, session[name])) {
      data.push([name, session[name]])
    }
  }
  return Object.fromEntries(data)
}

/** connect-mongo adds the time of the last write; the app's data of that name are JSON, no Date. */
function isMark(name: string, value: unknown): boolean {
  return name === 'lastModified' && value instanceof Date
}

export function digest(data: Data): string {
  return hash('sha256', canonicalText(data), 'base64url')
}

/** JSON, the same whatever the order of names: PostgreSQL's jsonb, for one, has its own. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(byName)) : part,
  )
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1
}

export function isOwnPart(part: unknown): part is OwnPart {
  return (
    isObject(part) &&
    typeof part['of'] === 'string' &&
    typeof part['version'] === 'string' &&
    typeof part['digest'] === 'string' &&
    (part['userId'] === undefined || typeof part['userId'] === 'string') &&
    typeof part['claims'] === 'string' &&
    typeof part['created'] === 'number' &&
    (part['data'] === undefined || isObject(part['data']))
  )
}

function isObject(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
