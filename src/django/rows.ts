import type { MaybePromise, StoreGuarantees } from '../session/record.ts'
import type { Dict } from './python-json.ts'

/** What an engine holds of one session. */
export interface Row {
  /** As Django stored it. */
  readonly text: string
  /** When it ends, in ms since 1970. */
  readonly expires?: number
  /** When it was written, where the end is counted from that. */
  readonly written?: number
}

/** How the members of a session become the text that an engine stores, and back. */
export interface Form {
  write(members: Dict): string
  /** Undefined for what nobody of this site can have written. */
  read(text: string): Dict | undefined
}

/**
 * Where one of Django's engines keeps sessions. Each verb is one step, as atomic as `guarantees`
 * says, and holds an expired row for one that is not there.
 */
export interface Rows {
  readonly guarantees: StoreGuarantees
  readonly form: Form
  read(key: string): MaybePromise<Row | undefined>
  /** False if the key is taken. */
  insert(key: string, text: string, expires: number): MaybePromise<boolean>
  /** Writes only if the text is still `seen`; false otherwise. */
  replace(key: string, seen: string, text: string, expires: number): MaybePromise<boolean>
  /** Moves the end later, never earlier. */
  extend(key: string, expires: number): MaybePromise<unknown>
  /** Only if the text is still `seen`, where that is given; whether there was such a row. */
  remove(key: string, seen?: string): MaybePromise<boolean>
  /** Removes what has expired, as `clearsessions` does. */
  sweep?(): MaybePromise<number>
}
