import { SessionError } from '../errors.ts'
import type { MaybePromise } from '../session/record.ts'
import type { CreateSessionsOptions } from '../create-options.ts'
import type { FieldForm, Fields } from '../token/fields.ts'
import type { DjangoCache } from './cache-rows.ts'
import type { DjangoCookieSettings } from './cookie.ts'
import type { DjangoDatabase } from './sql.ts'
import type { TokenKey } from './token-keys.ts'
import type { FindUser, UserTable } from './users.ts'

/** `DJANGO_SESSION_JWT`, as in the settings of the site. */
export interface TokenSettings<User = any, FieldAuth = {}> {
  /**
   * A secret (HS256), a pair of a private and a public key in PEM (RS256), or files of them; default
   * `secretKey`, of which tokens by its fallbacks are read, too.
   */
  readonly KEY?: TokenKey | undefined
  /** What of the user goes into the token, in any of the forms of django-session-jwt. */
  readonly FIELDS?: Fields<User, FieldAuth> | readonly FieldForm[]
  /** More claims: the function itself. Of nobody they are asked with undefined. */
  readonly CALLABLE?: (user: any) => MaybePromise<Record<string, unknown> | undefined>
  /** Default `'sk'`. */
  readonly SESSION_FIELD?: string
  /** Seconds; without it, or with 0, a token ends with its session. */
  readonly EXPIRES?: number | null
}

/** What `django()` needs to know of the site: its settings, by their names there. */
export interface DjangoOptions<User = any, FieldAuth = {}> extends DjangoCookieSettings {
  /** `SECRET_KEY`. */
  readonly secretKey: string | undefined
  /** `SECRET_KEY_FALLBACKS`. */
  readonly fallbacks?: readonly string[]
  /** The site's database: for the engines `db` and `cached_db`, and for its users. */
  readonly database?: DjangoDatabase
  /** Default `'django_session'`. */
  readonly table?: string
  /** The last part of `SESSION_ENGINE`; default `'db'`. */
  readonly engine?: 'db' | 'cached_db' | 'cache' | 'file'
  /** For the engines `cached_db` and `cache`. */
  readonly cache?: DjangoCache
  /** `SESSION_FILE_PATH`, for the engine `file`; default the folder for temporary files. */
  readonly filePath?: string
  readonly jwt?: TokenSettings<User, FieldAuth>
  /** Where users are; default the table `auth_user` of `database`. */
  readonly user?: UserTable | FindUser
  /** Seconds; default 1,209,600: two weeks. */
  readonly SESSION_COOKIE_AGE?: number
  readonly SESSION_SAVE_EVERY_REQUEST?: boolean
  /** Logins here are the first one's; default Django's `ModelBackend`. */
  readonly AUTHENTICATION_BACKENDS?: readonly [string, ...string[]]
  /** `USE_TZ`; default true, as in Django since 5.0. Without it `timeZone` is needed. */
  readonly useTz?: boolean
  /** `TIME_ZONE`. */
  readonly timeZone?: string
  /**
   * Whether cookies that hold a session key and no token, as Django's own do, are believed until
   * they are replaced; default true.
   */
  readonly plainCookies?: boolean
  /** Reads Django's sessions, and changes neither them nor the cookie; default false. */
  readonly readOnly?: boolean
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: () => number
}

/** What `django()` gives to `createSessions`; other options may stand beside it. */
export type DjangoSessionOptions<User, FieldAuth> = Pick<
  CreateSessionsOptions<User, FieldAuth, Record<string, unknown>>,
  | 'keys'
  | 'fields'
  | 'claims'
  | 'user'
  | 'sessionField'
  | 'tokenLife'
  | 'idle'
  | 'absolute'
  | 'store'
  | 'now'
> & { readonly keys: undefined }

/** The options of whatever types: what is made of them needs none. */
export type AnyDjangoOptions = DjangoOptions<any, any>

const OPTIONS: ReadonlySet<string> = new Set<keyof AnyDjangoOptions>([
  ...(['secretKey', 'fallbacks', 'database', 'table', 'engine', 'cache', 'filePath'] as const),
  ...(['jwt', 'user', 'useTz', 'timeZone', 'plainCookies', 'readOnly', 'now'] as const),
  ...(['SESSION_COOKIE_NAME', 'SESSION_COOKIE_AGE', 'SESSION_COOKIE_DOMAIN'] as const),
  ...(['SESSION_COOKIE_PATH', 'SESSION_COOKIE_SECURE', 'SESSION_COOKIE_HTTPONLY'] as const),
  ...(['SESSION_COOKIE_SAMESITE', 'SESSION_EXPIRE_AT_BROWSER_CLOSE'] as const),
  ...(['SESSION_SAVE_EVERY_REQUEST', 'AUTHENTICATION_BACKENDS'] as const),
])
const JWT_OPTIONS: ReadonlySet<string> = new Set<keyof TokenSettings>([
  'KEY',
  'FIELDS',
  'CALLABLE',
  'SESSION_FIELD',
  'EXPIRES',
])
const ENGINES: readonly unknown[] = [undefined, 'db', 'cached_db', 'cache', 'file']

/** @throws SessionError `invalid_option` */
export function refuseWrong(options: AnyDjangoOptions): void {
  const { secretKey, fallbacks = [], engine, SESSION_COOKIE_AGE: age = 1, jwt = {} } = options
  refuseUnknown(options, OPTIONS)
  refuseUnknown(jwt, JWT_OPTIONS)
  if ([secretKey, ...fallbacks].some((secret) => typeof secret !== 'string' || secret === '')) {
    throw invalid("secretKey must be Django's SECRET_KEY, and fallbacks a list of such texts")
  }
  if (!ENGINES.includes(engine)) throw invalid('engine must be db, cached_db, cache or file')
  if (!(age > 0)) throw invalid('SESSION_COOKIE_AGE must be a number of seconds')
  // Of an environment variable that is missing; tokens by SECRET_KEY would be other ones.
  if ('KEY' in jwt && jwt.KEY === undefined) throw invalid('KEY is undefined')
  const { EXPIRES = null } = jwt
  if (EXPIRES !== null && !(typeof EXPIRES === 'number' && EXPIRES >= 0)) {
    throw invalid('EXPIRES must be a number of seconds')
  }
  if (options.useTz === false && options.timeZone === undefined) {
    throw invalid('Without useTz the option timeZone is needed: TIME_ZONE of the site')
  }
}

/** A setting that is misspelt would be a default of Django's that the site does not have. */
function refuseUnknown(options: object, known: ReadonlySet<string>): void {
  const unknown = Object.keys(options).find((name) => !known.has(name))
  if (unknown !== undefined) throw invalid(`django() has no option ${JSON.stringify(unknown)}`)
}

export function invalid(message: string): SessionError {
  return new SessionError('invalid_option', message)
}
