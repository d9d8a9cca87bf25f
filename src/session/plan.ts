/** All that a commit's decision depends on. */
export interface Situation {
  /** The app looked at the session or at who the user is. */
  readonly used: boolean
  /** The session is stored. */
  readonly stored: boolean
  /** The request is a late one of a session that ended (R10). */
  readonly barred: boolean
  /** The data differ from what is stored. */
  readonly changed: boolean
  /** The answer's status is 5xx. */
  readonly failed: boolean
  /** The client's token is past half its life, or says what is no longer so (R15). */
  readonly renewalDue: boolean
  /** The answer may be kept by shared caches, or has no head of its own to change (R15). */
  readonly cacheable: boolean
  /** A tenth of the idle time has passed since the last use (R9). */
  readonly touchDue: boolean
  /** An awaited operation of this request has a new token for the client. */
  readonly fresh: boolean
  /** The client's cookies are to be cleared. */
  readonly clear: boolean
}

/** What a commit does: one store verb, then what becomes of the cookie. */
export interface Plan {
  readonly write: 'none' | 'create' | 'update' | 'touch' | 'refuse'
  /** `renew`: asks `user()` and signs again. `issue`: sets the token of this request. */
  readonly cookie: 'none' | 'issue' | 'renew' | 'clear'
}

/**
 * | data | stored | write | cookie |
 * |---|---|---|---|
 * | changed | no | create | issue |
 * | changed | no, late request of an ended session | refuse (409) | none |
 * | changed | yes | update | renew if due, else none |
 * | same | yes, renewal due | touch | renew |
 * | same | yes, a tenth of idle passed | touch | none |
 * | any | and the answer is 5xx, or nobody looked | none | none |
 *
 * Over that: a token of an awaited login or save is issued whatever the status; where no token goes
 * out, cookies due to be cleared are (R10, R11, R17).
 */
export function makePlan(situation: Situation): Plan {
  const write = planWrite(situation)
  const renew = write !== 'none' && situation.stored && renewalNow(situation)
  if (write === 'create' || situation.fresh) return { write, cookie: renew ? 'renew' : 'issue' }
  if (renew) return { write, cookie: 'renew' }
  return { write, cookie: situation.clear ? 'clear' : 'none' }
}

function planWrite(situation: Situation): Plan['write'] {
  const { used, stored, barred, changed, failed, touchDue } = situation
  if (!used || failed) return 'none'
  if (changed && !stored) return barred ? 'refuse' : 'create'
  if (changed) return 'update'
  return stored && (touchDue || renewalNow(situation)) ? 'touch' : 'none'
}

function renewalNow({ renewalDue, cacheable }: Situation): boolean {
  return renewalDue && !cacheable
}
