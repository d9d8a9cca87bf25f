import { SessionError } from '../errors.ts'
import type { Events } from '../events.ts'
import type { GenuineToken, Tokens } from '../token/token.ts'
import { type Data, dataText } from './data.ts'
import type { Endings } from './endings.ts'
import { merge } from './merge.ts'
import type { Settings } from './options.ts'
import type { SessionRecord } from './record.ts'
import { Session } from './session.ts'
import type { Signals } from './signals.ts'
import type { Verbs } from './store-guard.ts'

/** What all requests of one app share. */
export interface Core {
  readonly settings: Settings
  readonly tokens: Tokens
  readonly store: Verbs
  readonly events: Events
  readonly endings: Endings
  readonly signals: Signals
}

/** What the cookies of a request led to. */
export interface Found {
  /**
   * `nothing`: no genuine cookie. `living`: its record. `gone`: no record any more. `ended`: a
   * tombstone, so this request was sent before the session ended. `ambiguous`: cookies of several
   * sessions.
   */
  readonly kind: 'nothing' | 'living' | 'gone' | 'ended' | 'ambiguous'
  /** The session that the cookies name; undefined if there is none, or more than one. */
  readonly id: string | undefined
  /** Every genuine token presented, the newest first. */
  readonly tokens: readonly GenuineToken[]
  readonly record: SessionRecord | undefined
  /** Whether the record came from this process's memory, and may be as old as `maxStale` (R13). */
  readonly recalled: boolean
  /** Whether the cookie came under an earlier name, or in another form (R43). */
  readonly renamed: boolean
  /** Whether the cookies should be cleared though nobody asked for it (R10, R11). */
  readonly clear: boolean
}

/** What one request knows of its session: what was found, what is stored, what the app made of it. */
export class SessionState {
  readonly core: Core
  readonly found: Found
  /** The record as this request last saw it in the store; undefined while the session is new. */
  record: SessionRecord | undefined
  /** Made when the app first looks at the session. */
  session: Session | undefined
  /** A token signed in this request, to be set with the answer. */
  fresh: string | undefined
  /** Whether the answer should clear the cookies. */
  clear: boolean
  /** Whether the app looked at the session or at who the user is. */
  used: boolean
  /** Whether a change of `update()` runs: what it did to the session otherwise would be lost. */
  applying = false
  /** Whether the response head is out, so that no cookie can be set any more. */
  headSent = false
  /** Whether the app was told that its changes cannot be stored any more. */
  over = false
  /** A late request of an ended session may not begin another one (R10). */
  barred: boolean
  /** When the absolute life of the session to be created began; undefined for now. */
  created: number | undefined
  #id: string | undefined

  constructor(core: Core, found: Found) {
    this.core = core
    this.found = found
    this.record = found.record
    this.#id = found.record && found.id
    this.clear = found.clear
    this.barred = found.kind === 'ended'
    this.used = found.record !== undefined && core.settings.activity === 'request'
  }

  /** The current id; a new session has its id from the first time it is asked for. */
  get id(): string {
    return (this.#id ??= this.newId())
  }

  /** The token by which this record was found; undefined for a record of this request. */
  get token(): GenuineToken | undefined {
    const token = this.found.tokens[0]
    return token?.id === this.#id ? token : undefined
  }

  /** Whether the record is still the one that came from memory. */
  get recalled(): boolean {
    return this.found.recalled && this.record?.version === this.found.record?.version
  }

  /** Whether the app looked at the session, so that its data may be others than the stored ones. */
  get inHand(): boolean {
    return this.session !== undefined
  }

  /** The app's data as they are now, without a copy of what nobody looked at. */
  data(): Data {
    return this.session === undefined ? {} : Session.data(this.session)
  }

  /** The text of the data to be stored; the stored text itself if nobody looked at them. */
  text(): string {
    const stored = this.record?.data ?? '{}'
    return this.inHand ? this.textOf(this.data()) : stored
  }

  /** @throws SessionError `invalid_data`, `data_too_large` */
  textOf(data: Data): string {
    return dataText(data, this.core.settings.dataLimits)
  }

  /** What a session that begins in this request is called. */
  newId(): string {
    return this.core.settings.newId()
  }

  /** The session is this one now, and stored so. */
  adopt(id: string, record: SessionRecord | undefined): void {
    this.#id = id
    this.record = record
    this.over = false
  }

  /** The session is a new, empty one now; what is left to the client is cleared unless it begins. */
  reset(): void {
    const brought = this.found.tokens.length > 0 || this.found.renamed
    this.clear = this.clear || (brought && !this.barred)
    this.record = undefined
    this.over = false
    this.#id = undefined
    this.fresh = undefined
    this.replaceData({})
  }

  replaceData(data: Data): void {
    if (this.session !== undefined) Session.replace(this.session, data)
  }

  /**
   * Puts the session onto other data, with what the app changed since `from` kept over them (R18).
   *
   * @returns the properties that both changed
   */
  rebase(from: Data, onto: Data): readonly string[] {
    if (!this.inHand) return []
    const { data, overwritten } = merge(from, this.data(), onto)
    this.replaceData(data)
    return overwritten
  }

  /** @throws SessionError `headers_sent` */
  refuseAfterHead(what: string): void {
    if (!this.headSent) return
    throw new SessionError(
      'headers_sent',
      `${what} must set a cookie, but the response head is out already; do it before the first byte`,
    )
  }

  /** When a record that is used now ends: after the idle time, at the latest at its absolute end. */
  expiry(created: number, now: number, data: string): number {
    const { idle, absolute, expiry } = this.core.settings
    return Math.min(expiry?.(data, now) ?? now + idle, created + absolute)
  }
}
