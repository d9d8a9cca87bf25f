import { hash } from 'node:crypto'
import type { Data } from '../session/data.ts'
import { shortened } from '../session-names.ts'
import { canonicalText } from '../stores/connect/record.ts'

/** What a session's own data say of whose it is. */
export interface Who {
  /** The user's id; undefined for nobody, and for a user who is named in a way we cannot read. */
  readonly userId: string | undefined
  /** Changes with the user, and gives nothing away; undefined for nobody. */
  readonly mark: string | undefined
  /** What they say, as JSON. */
  readonly text: string
}

export const NOBODY: Who = { userId: undefined, mark: undefined, text: 'null' }

/** Where Passport keeps its user: an id, or an object that has one. */
export function passportUser(session: Data): unknown {
  return (session['passport'] as { user?: unknown } | null | undefined)?.user
}

/**
 * @param said what `userId(session)` answered
 * @param known whom it named before
 */
export function whoIs(said: unknown, known: Who): Who {
  // As it will come back from the store: an ObjectId is a text then.
  const text = said === undefined ? 'null' : (canonicalText(said) ?? 'null')
  if (text === known.text) return known
  if (text === NOBODY.text) return NOBODY
  const mark = shortened(hash('sha256', `symbolon user v1 ${text}`, 'base64url'))
  return { userId: idIn(JSON.parse(text)), mark, text }
}

/** The id of a user: a text or number, or what its `id` or `_id` is. */
export function idIn(user: unknown): string | undefined {
  if (typeof user === 'string' && user !== '') return user
  if (typeof user === 'number') return String(user)
  if (typeof user !== 'object' || user === null) return undefined
  const { id, _id } = user as { id?: unknown; _id?: { toString(): string } }
  if (typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint') return String(id)
  return _id?.toString()
}
