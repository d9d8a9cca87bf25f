import { channel } from 'node:diagnostics_channel'
import type { RejectionCode } from './errors.ts'
import { handleOf, sessionHashOf } from './session-names.ts'

/** What operators can count and alert on, each with its own counter in `sessions.counts`. */
export type EventCode =
  | 'created'
  | 'rotated'
  | 'ended'
  | 'renewed'
  | 'rejected' // a cookie was not believed; `reason` says why
  | 'record_gone' // a genuine token whose record is not there any more
  | 'record_ended' // a genuine token of a session that ended within the last minute
  | 'duplicate_cookies' // several genuine cookies that name different sessions, or too many
  | 'conflict_merged' // two requests changed the session; different properties, both kept
  | 'conflict_overwritten' // two requests changed one property; the later write stands
  | 'renewal_failed' // user() or claims() failed; the old token stays until it expires
  | 'logout_pending' // the store failed at logout; ended in this process, tried again
  | 'cookie_large' // above 2,048 bytes
  | 'store_error'
  | 'keys_changed' // the key ring was replaced by what its file or function says now
  | 'keys_failed' // that could not be read or used; the key ring stays as it was
  | 'record_invalid' // a record that this package did not write

/** What is published on the diagnostics channel `symbolon`. Never a token, key, id or user value. */
export interface SessionEvent {
  readonly code: EventCode
  /** For `rejected`. */
  readonly reason?: RejectionCode
  /** The same stable hash of the session's id in the app, the feed and at neighbours. */
  readonly session?: string
  readonly error?: unknown
}

const events = channel('symbolon')
const WARNING_INTERVAL_MS = 60_000

/** Counts events by code and hands them to whoever listens; a listener's error is not ours. */
export class Events {
  readonly counts: Partial<Record<EventCode, number>> = Object.create(null)
  #warned = -Infinity

  emit(
    code: EventCode,
    about: { id?: string; handle?: string; reason?: RejectionCode; error?: unknown } = {},
  ): void {
    this.counts[code] = (this.counts[code] ?? 0) + 1
    if (!events.hasSubscribers) return
    const { id, handle = id === undefined ? undefined : handleOf(id), ...rest } = about
    events.publish({
      code,
      ...rest,
      ...(handle !== undefined && { session: sessionHashOf(handle) }),
    })
  }
  /** Tells operators who listen to nothing; at most once a minute, whatever the text. */
  warn(message: string): void {
    if (performance.now() - this.#warned < WARNING_INTERVAL_MS) return
    this.#warned = performance.now()
    process.emitWarning(message, 'SymbolonWarning')
  }
}
