import { SessionError } from '../errors.ts'
import type { FieldForm, Fields } from '../token/fields.ts'
import type { Duration } from '../duration.ts'
import { newId } from '../session/profile.ts'
import { type SessionOptions, type Settings, resolveOptions } from '../session/options.ts'
import type { Data } from '../session/data.ts'
import type { KeyFetcher, KeySpec, Keys } from '../token/key.ts'
import type { CookieInit } from './cookie.ts'
import { deprecate } from './deprecate.ts'
import { MemoryStore } from './memory-store.ts'
import type { Secret } from './old-cookie.ts'
import type { SessionRequest } from './session.ts'
import type { Store } from './store.ts'
import { idIn, passportUser } from './who.ts'

/** What tokens and users need beyond express-session's own options. */
export interface TokenOptions extends Pick<
  SessionOptions<never>,
  'claims' | 'user' | 'sessionField' | 'tokenLife' | 'issuer' | 'audience' | 'now'
> {
  /**
   * What tokens are signed with (R20); without it, keys derived from `secret` (R22). What those signed
   * before is still read, and replaced.
   */
  readonly keys?: Keys | undefined
  /** Which attributes of the user neighbours may read, and under which names (R5). */
  readonly fields?: Fields | readonly FieldForm[]
  /**
   * Whose a session is, by its data; default: Passport's user. When what it says changes, the session
   * gets a new id (R1).
   */
  readonly userId?: (session: Data) => unknown
  /** How long a session lives since its login, however much it is used; default without limit. */
  readonly absolute?: Duration
  /** Under which name the request says who its user is; default `'auth'`. */
  readonly requestProperty?: string
  /**
   * What a release writes that stands between two others; it reads all forms, so that processes of
   * both may run beside it (R43). `'old'`: express-session's cookies, before the first tokens.
   * `'derived'`: tokens signed by the key derived from `secret`, before the first of `keys`. Default
   * `'token'`: tokens signed by `keys`, or by the derived key where there are none.
   */
  readonly migrate?: { readonly write: 'old' | 'derived' | 'token' }
}

/** The options of express-session 1.19, with its defaults. */
export interface ExpressSessionOptions extends TokenOptions {
  readonly secret?: Secret | readonly Secret[] | undefined
  readonly genid?: ((req: SessionRequest) => string) | undefined
  readonly name?: string | undefined
  /** Another word for `name`. */
  readonly key?: string | undefined
  readonly store?: Store | undefined
  readonly cookie?: CookieInit | ((req: SessionRequest) => CookieInit) | undefined
  readonly rolling?: boolean | undefined
  readonly resave?: boolean | undefined
  readonly proxy?: boolean | undefined
  readonly saveUninitialized?: boolean | undefined
  readonly unset?: 'destroy' | 'keep' | undefined
}

/** The options as the rest reads them: checked and complete. */
export interface Config {
  /** Undefined: cookie-parser's `req.secret`. */
  readonly secrets: readonly Secret[] | undefined
  readonly keys: readonly (KeySpec | KeyFetcher)[] | undefined
  readonly genid: (req: SessionRequest) => string
  readonly name: string
  readonly store: Store
  readonly cookieOf: (req: SessionRequest) => CookieInit
  readonly rolling: boolean
  readonly resave: boolean
  readonly proxy: boolean | undefined
  readonly saveUninitialized: boolean
  readonly unsetDestroys: boolean
  readonly userId: (session: Data) => unknown
  readonly requestProperty: string
  readonly writesOld: boolean
  /** Whether `keys` are only read yet. */
  readonly signsDerived: boolean
  readonly settings: Settings
}

/** Any text that `genid` may have chosen, but no way out of a file store's folder. */
export const SESSION_ID: RegExp = /^(?!(?:.*[/\\])?\.\.(?:[/\\]|$))[^\p{Cc}]{1,255}$/u

/** Read once, as express-session does. */
const inProduction = process.env['NODE_ENV'] === 'production'

/** @throws TypeError in express-session's words; SessionError `invalid_option`, `invalid_key` */
export function resolveConfig(options: ExpressSessionOptions): Config {
  const { genid = newId, unset, cookie = {}, userId = passportUser } = options
  if (typeof genid !== 'function') throw new TypeError('genid option must be a function')
  const resave = deprecatedDefault(options.resave, 'resave')
  const saveUninitialized = deprecatedDefault(options.saveUninitialized, 'saveUninitialized')
  if (unset && unset !== 'destroy' && unset !== 'keep') {
    throw new TypeError('unset option must be "destroy" or "keep"')
  }
  const name = options.name || options.key || 'connect.sid'
  const store = options.store ?? new MemoryStore()
  refuseOurs(store)
  if (inProduction && store instanceof MemoryStore) warnOfMemory()

  return {
    secrets: secretsOf(options.secret),
    keys: options.keys === undefined ? undefined : [options.keys].flat(),
    genid,
    name,
    store,
    cookieOf: typeof cookie === 'function' ? cookie : () => cookie,
    rolling: Boolean(options.rolling),
    resave,
    proxy: options.proxy,
    saveUninitialized,
    unsetDestroys: unset === 'destroy',
    userId,
    requestProperty: options.requestProperty ?? 'auth',
    writesOld: options.migrate?.write === 'old',
    signsDerived: signsDerived(options),
    settings: settingsOf(options, name),
  }
}

/** It would fail with the first cookie, in words that name no cause. */
function refuseOurs(store: object): void {
  if (!('read' in store) || 'get' in store) return
  throw new SessionError(
    'invalid_option',
    'store: give a store of this package by way of asConnectStore() from symbolon/express-session/as-connect-store',
  )
}

function secretsOf(secret: ExpressSessionOptions['secret']): readonly Secret[] | undefined {
  if (Array.isArray(secret)) {
    if (secret.length > 0) return secret as readonly Secret[]
    throw new TypeError('secret option array must contain one or more strings')
  }
  if (secret) return [secret as Secret]
  deprecate('req.secret; provide secret option')
  return undefined
}

function signsDerived({ migrate, keys }: ExpressSessionOptions): boolean {
  if (migrate?.write !== 'derived') return false
  if (keys !== undefined) return true
  throw new SessionError(
    'invalid_option',
    "migrate: { write: 'derived' } is for the release that first reads tokens of `keys`; give keys, or leave it out",
  )
}

function deprecatedDefault(value: boolean | undefined, name: string): boolean {
  if (value === undefined) deprecate(`undefined ${name} option; provide ${name} option`)
  return value ?? true
}

/** Cookies follow express-session's options, and only the store says when a session has expired. */
function settingsOf(options: ExpressSessionOptions, name: string): Settings {
  const { absolute, claims, user, sessionField, tokenLife, issuer, audience, now } = options
  const given = { absolute, claims, user, sessionField, tokenLife, issuer, audience, now }
  const core = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const fields = options.fields ?? []
  const resolved = resolveOptions(
    { ...core, idle: absolute ?? '14d', userId: idOf, cookie: { name, secure: true } },
    fields,
  )
  return {
    ...resolved,
    idle: Infinity,
    absolute: absolute === undefined ? Infinity : resolved.absolute,
  }
}

function idOf(user: unknown): string {
  const id = idIn(user)
  if (id !== undefined) return id
  throw new SessionError('invalid_user', 'login() needs a user with an id')
}

function warnOfMemory(): void {
  process.emitWarning(
    'MemoryStore forgets every session at a restart, and is of one process alone; give the session middleware a store',
    'SymbolonWarning',
  )
}
