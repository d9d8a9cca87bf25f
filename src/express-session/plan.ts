/** All that the decision depends on, in the words of express-session's options. */
export interface Situation {
  readonly resave: boolean
  readonly rolling: boolean
  readonly saveUninitialized: boolean
  /** The cookie named this very session. */
  readonly carried: boolean
  readonly stored: boolean
  /** The session differs from what the request began with. */
  readonly modified: boolean
  /** The session differs from what is stored. */
  readonly changed: boolean
  /** This request stored it already: `save()`, a login. */
  readonly saved: boolean
  /** The session's data name another user than the one it is bound to (R1). */
  readonly rebind: boolean
  /** The session named its user when it was read, but was never bound: it is, without a new id. */
  readonly adopt: boolean
  /** `cookie.expires` is set. */
  readonly expires: boolean
  readonly storeTouches: boolean
  /** The client's cookie is old, or of the other form, and the answer may set one (R15, R43). */
  readonly renewalDue: boolean
  /** A late request of a session that ended (R10). */
  readonly barred: boolean
}

export interface Plan {
  readonly write: 'none' | 'refuse' | 'rebind' | 'adopt' | 'save' | 'touch'
  readonly cookie: boolean
}

/** What express-session does at the end of a request, and where it must be another thing. */
export function makePlan(situation: Situation): Plan {
  const { stored, modified, carried, rolling, saveUninitialized, expires, storeTouches } = situation
  if (situation.barred && !stored) return { write: modified ? 'refuse' : 'none', cookie: false }
  if (stored && situation.rebind) return { write: 'rebind', cookie: true }

  const cookie = carried
    ? rolling || (expires && modified) || situation.renewalDue
    : saveUninitialized || modified
  if (stored && situation.adopt) return { write: 'adopt', cookie }
  if (isSaveDue(situation)) return { write: 'save', cookie }
  // A cookie goes out only for a session that the store has just said to live (R15).
  const touch = carried && (storeTouches || cookie)
  return { write: touch ? 'touch' : 'none', cookie }
}

function isSaveDue(situation: Situation): boolean {
  const { resave, saveUninitialized, carried, modified, changed, saved } = situation
  if (!carried && !saveUninitialized && !saved) return modified
  return changed || (resave && !saved)
}
