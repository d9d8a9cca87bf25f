import { SessionError } from './errors.ts'
import type { SessionOptions } from './session/options.ts'
import type { Store } from './session/record.ts'
import type { FieldForm, Fields } from './token/fields.ts'
import type { KeySpec, Keys } from './token/key.ts'

/** Options of `createSessions`; all but `keys` have defaults. */
export interface CreateSessionsOptions<User, FieldAuth, Claims> extends SessionOptions<
  User,
  Claims
> {
  /**
   * What tokens are signed with: a secret of at least 32 bytes, PEM or JWK text, `{ file }`, a
   * `{ private, public }` pair, `{ public, sign }` for a KMS, or a list of which the first signs and
   * all are trusted (R20); or a key ring: its text, its `{ file }`, or an async function (R21).
   */
  readonly keys: Keys | undefined
  /**
   * The keys of other holders who issue or extend tokens of these sessions, each by a key of its own
   * (R23). Their tokens too lead to a record or to nothing.
   */
  readonly hybrid?: KeySpec | readonly KeySpec[]
  /** Which attributes of the user neighbours may read, and under which names (R5). */
  readonly fields?: Fields<User, FieldAuth> | readonly FieldForm[]
  /**
   * Where records live: a store, or a `redis://`, `postgres://`, `mysql://` or `file:` URL, for which
   * the client that the app has installed is used. Without it: memory under test, SQLite in
   * `.symbolon/` in development.
   */
  readonly store?: Store | string
}

const OPTIONS: ReadonlySet<string> = new Set<
  Extract<keyof CreateSessionsOptions<unknown, unknown, unknown>, string>
>([
  ...(['keys', 'fields', 'claims', 'user', 'userId', 'sessionField', 'store', 'cookie'] as const),
  ...(['tokenLife', 'idle', 'absolute', 'maxStale', 'issuer', 'audience', 'discovery'] as const),
  ...(['onError', 'now', 'hybrid'] as const),
])

/** A misspelt option would be a default that nobody chose. */
export function refuseUnknown(options: object): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown === undefined) return
  throw new SessionError('invalid_option', `There is no option ${JSON.stringify(unknown)}`)
}

export function missingKeys(): never {
  throw new SessionError(
    'invalid_key',
    'keys is missing: make one by `npx symbolon keygen` and pass its text, for example as process.env.SESSION_KEY',
  )
}
