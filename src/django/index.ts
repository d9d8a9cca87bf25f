import { randomInt } from 'node:crypto'
import { type ForeignProfile, PROFILE } from '../session/profile.ts'
import type { MaybePromise } from '../session/record.ts'
import { cookieValues } from '../token/cookie-values.ts'
import { createFields, type FieldForm, type Fields } from '../token/fields.ts'
import { endlessKey } from '../token/key-states.ts'
import { KeyRing } from '../token/key-ring.ts'
import type { GenuineToken } from '../token/token.ts'
import { DjangoCookie } from './cookie.ts'
import { csrf } from './csrf.ts'
import { rowsOf, usersOf } from './engines.ts'
import { expiryOf } from './expiry.ts'
import { ColumnTime } from './local-time.ts'
import { type DjangoOptions, type DjangoSessionOptions, refuseWrong } from './options.ts'
import { MOST_BYTES } from './session-data.ts'
import { sqlOf } from './sql.ts'
import { DjangoStore, SESSION_KEY } from './store.ts'
import { tokenKey } from './token-keys.ts'

export type { DeleteKey, DjangoCache } from './cache-rows.ts'
export type { DjangoCookieSettings } from './cookie.ts'
export type { Csrf, CsrfRequest, CsrfSettings } from './csrf.ts'
export type { DjangoOptions, DjangoSessionOptions, TokenSettings } from './options.ts'
export type { DjangoDatabase, MysqlClient, SqliteClient } from './sql.ts'
export type { TokenKey } from './token-keys.ts'
export type { DjangoUser, FindUser, UserTable } from './users.ts'

/** `django()`, and what stands beside it. */
export interface Django {
  <User = any, FieldAuth = {}>(
    options: DjangoOptions<User, FieldAuth>,
  ): DjangoSessionOptions<User, FieldAuth>
  /** Django's CSRF tokens. */
  readonly csrf: typeof csrf
}

const TWO_WEEKS_SECONDS = 1_209_600
/** Django has no end that use does not move. */
const ENDLESS_MS = 100 * 365 * 86_400_000
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

function djangoOptions<User = any, FieldAuth = {}>(
  given: DjangoOptions<User, FieldAuth>,
): DjangoSessionOptions<User, FieldAuth> {
  // Copied without a prototype: what pollutes Object.prototype is no option (CKO-14).
  const options: typeof given = Object.assign(Object.create(null), given)
  refuseWrong(options)
  const { jwt = {}, readOnly = false, now = Date.now } = options
  const { SESSION_COOKIE_AGE = TWO_WEEKS_SECONDS, AUTHENTICATION_BACKENDS } = options
  const { SESSION_FIELD = 'sk', EXPIRES, CALLABLE } = jwt
  const secretKey = options.secretKey as string
  const secrets = [secretKey, ...(options.fallbacks ?? [])] as const
  const age = SESSION_COOKIE_AGE * 1000
  const fields = createFields((jwt.FIELDS ?? []) as readonly FieldForm[], SESSION_FIELD)
  const sql = options.database && sqlOf(options.database)
  const time = new ColumnTime(options.useTz === false ? options.timeZone : undefined)
  const users = usersOf(options, sql, fields, time)
  const rows = rowsOf(options, sql, time, secrets, now)
  const backends = AUTHENTICATION_BACKENDS ?? ['django.contrib.auth.backends.ModelBackend']
  const settings = { users, fields, secrets, backends, age, readOnly, now }
  const { KEY = secretKey } = jwt
  const key = tokenKey(KEY, jwt.KEY === undefined ? secrets.slice(1) : [])
  const cookie = new DjangoCookie(options, readOnly)
  const profile: ForeignProfile = {
    sessionId: SESSION_KEY,
    bare: true,
    keyRing: (clock) => new KeyRing({ keys: [endlessKey(key, 0)] }, clock),
    cookie,
    newId: () => Array.from({ length: 32 }, () => ALPHABET.charAt(randomInt(36))).join(''),
    otherId: (header) => (options.plainCookies === false ? undefined : keyIn(header, cookie.name)),
    lastCookieWins: true,
    expiry: (data, at) => expiryOf(JSON.parse(data) as Record<string, unknown>, at, age),
    activity: options.SESSION_SAVE_EVERY_REQUEST === true && !readOnly ? 'request' : 'write',
    keepsAtLogin: true,
    readOnly,
    dataLimits: { bytes: MOST_BYTES, depth: 1000 },
    derivesClaims: true,
    inherit: (claims, token) => inherited(claims, token, fields),
  }
  return {
    keys: undefined,
    fields: fields as Fields<User, FieldAuth>,
    ...(CALLABLE && { claims: CALLABLE }),
    user: users.find as (id: string) => MaybePromise<User | null | undefined>,
    sessionField: SESSION_FIELD,
    tokenLife: EXPIRES ? EXPIRES * 1000 : ENDLESS_MS,
    idle: ENDLESS_MS,
    absolute: ENDLESS_MS,
    store: new DjangoStore(rows, settings),
    now,
    [PROFILE]: profile,
  } as DjangoSessionOptions<User, FieldAuth>
}

/** A cookie of the site before it had tokens: the last of the name, as Django reads them. */
function keyIn(header: string, name: string): string | undefined {
  const value = cookieValues(header, [name]).at(-1)?.value
  return value !== undefined && SESSION_KEY.test(value) ? value : undefined
}

/** What Django's CALLABLE says is carried over, where it is not said here too. */
function inherited(claims: string, token: GenuineToken | undefined, { list }: Fields): string {
  const known = JSON.parse(claims) as Record<string, unknown>
  const shorts = list.map(({ short }) => short)
  const others = Object.entries(token?.claims ?? {}).filter(
    ([name]) => !Object.hasOwn(known, name) && !shorts.includes(name),
  )
  return others.length === 0 ? claims : JSON.stringify({ ...known, ...Object.fromEntries(others) })
}

/**
 * Shares the sessions of a Django site: the same rows, the same cookie, the same users. Give the
 * settings as the site has them; what a session is and who is logged in is read as Django reads it.
 *
 * `login({ id })` takes the user's primary key, keeps what the session held for nobody or for the
 * same user, and writes what `django.contrib.auth` would.
 *
 * @throws SessionError `invalid_option`, `invalid_key`
 *
 * @example
 * import { DatabaseSync } from 'node:sqlite'
 *
 * const sessions = createSessions(
 *   django({
 *     secretKey: process.env.SECRET_KEY,
 *     database: new DatabaseSync('db.sqlite3'),
 *     jwt: { FIELDS: [['id', 'u', 'user_id'], 'email'], EXPIRES: 28800 },
 *   }),
 * )
 */
export const django: Django = Object.assign(djangoOptions, { csrf })
