import { type Duration, milliseconds } from '../duration.ts'
import { MAX_TOLERANCE_MS } from '../token/claims.ts'
import type { Fields } from '../token/fields.ts'
import { checkAddress } from './address.ts'
import type { PublicKey } from './public-keys.ts'
import type { Transport } from './remote-document.ts'
import { refused } from './refused.ts'
import type { Secret } from './verifying-key.ts'

/** What went wrong beside a request; the requests themselves are answered. */
export interface VerifierProblem {
  /** `key_ignored`: a key of the published set cannot be used; the others are. */
  readonly code: 'manifest_failed' | 'keys_failed' | 'key_ignored' | 'revocations_failed'
  readonly cause: unknown
}

/**
 * Whose tokens are believed, and where the keys come from: one of `app`, `jwksUri`, `keys`, `secret`.
 */
export interface TrustOptions {
  /** The app's address; its manifest names issuer, keys, cookie, fields and revocations. */
  readonly app?: string | URL
  /** `iss` of the tokens, exactly. Required, but with `app`: there it is `app` unless given. */
  readonly issuer?: string
  /** The address of the key set. */
  readonly jwksUri?: string | URL
  readonly keys?: PublicKey | readonly PublicKey[]
  /** The app's own secret (HS256), or several of them while it is replaced. */
  readonly secret?: Secret | readonly Secret[]
  /** Whoever has the secret can also issue sessions: said in so many words, or the secret is refused. */
  readonly canAlsoIssue?: true
  /** Other origins that the manifest may name addresses of; default none (FED-08). */
  readonly origins?: readonly string[]
  /** Allows http beyond this machine; default false. */
  readonly allowHttp?: boolean
}

/** Options of {@link createVerifier}. What the app's manifest says need not be said again. */
export interface VerifierOptions<FieldAuth> extends TrustOptions {
  /** The cookie's name; default the manifest's, without one `'__Host-session'`. */
  readonly cookie?: string
  /** The claim that carries the session's id; default the manifest's, without one `'sk'`. */
  readonly sessionField?: string
  /** The app's fields, by `defineFields`, for long names and types; default the manifest's. */
  readonly fields?: Fields<any, FieldAuth>
  /** `aud` must be or contain this; by default there may be none. */
  readonly audience?: string
  /**
   * The name of this service, where it is trusted less than with the cookie: then only tokens are
   * read that the app made by `sessions.tokenFor(request, { audience })`, and no sessions. They are
   * looked for in `Authorization: Bearer`, and end by their time alone.
   */
  readonly tokenFor?: string
  /** The longest life (`exp - iat`) of a token; default the manifest's, without one any. */
  readonly tokenLife?: Duration
  /** How far the app's clock may be off; default `'30s'`, at most five minutes. */
  readonly tolerance?: Duration
  /** Whether to follow the app's revocations; default: if its manifest names them. */
  readonly revocations?: boolean
  /** What to do while the revocations are unknown for 30 seconds; default `'refuse'`. */
  readonly onStale?: 'refuse' | 'accept'
  /** Where an expired token is renewed; default what the manifest names, without it the issuer. */
  readonly renewAt?: string | URL
  /** Whether `Ed25519` is taken for `EdDSA` (RFC 9864); default false. */
  readonly acceptEd25519?: boolean
  /** How many verified tokens are remembered; default 10,000. */
  readonly cacheSize?: number
  /** How long at least between two fetches of the keys or the manifest; default `'30s'`. */
  readonly cooldown?: Duration
  /** How long one fetch may take; default `'5s'`. */
  readonly timeout?: Duration
  readonly fetch?: Transport['fetch']
  /** Hears of what goes wrong beside requests; default: a warning on the console, once of each code. */
  readonly onProblem?: (problem: VerifierProblem) => void
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: () => number
}

/** The options as the verifier reads them: checked and complete, but for what a manifest may say. */
export interface VerifierSettings extends Omit<
  VerifierOptions<unknown>,
  'app' | 'issuer' | 'jwksUri' | 'tokenLife' | 'onProblem' | 'renewAt'
> {
  readonly app: URL | undefined
  readonly issuer: string
  readonly jwksUri: URL | undefined
  /** In ms. */
  readonly tokenLife: number | undefined
  readonly renewAt: string | undefined
  readonly tolerance: number
  readonly cooldown: number
  readonly cacheSize: number
  readonly transport: Transport
  /** Makes the listener for problems of one code. */
  readonly report: (code: VerifierProblem['code']) => (cause: unknown) => void
}

const NAMES: ReadonlySet<string> = new Set<keyof VerifierOptions<unknown>>([
  ...(['app', 'issuer', 'jwksUri', 'keys', 'secret', 'canAlsoIssue', 'origins'] as const),
  ...(['allowHttp', 'cookie', 'sessionField', 'fields', 'audience', 'tokenLife'] as const),
  ...(['tokenFor', 'tolerance', 'revocations', 'onStale', 'renewAt', 'acceptEd25519'] as const),
  ...(['cacheSize', 'cooldown', 'timeout', 'fetch', 'onProblem', 'now'] as const),
])

const DEFAULT_CACHE_SIZE = 10_000

/** @throws SessionError `invalid_option` */
export function resolveOptions(options: VerifierOptions<unknown>): VerifierSettings {
  // Copied without a prototype: what pollutes Object.prototype is no option (CKO-14).
  const own: typeof options = Object.assign(Object.create(null), options)
  const unknown = Object.keys(own).find((name) => !NAMES.has(name))
  refuse(unknown !== undefined, `there is no option ${JSON.stringify(unknown)}`)
  checkSource(own)
  const { allowHttp = false, cacheSize = DEFAULT_CACHE_SIZE, onStale = 'refuse' } = own
  const address = (name: 'app' | 'jwksUri' | 'renewAt'): URL | undefined =>
    own[name] === undefined ? undefined : checkAddress(own[name], name, allowHttp)
  const tolerance = milliseconds(own.tolerance ?? '30s', 'tolerance')
  refuse(tolerance > MAX_TOLERANCE_MS, 'tolerance is 5 minutes at most')
  refuse(!Number.isSafeInteger(cacheSize) || cacheSize < 0, 'cacheSize must be a whole number')
  refuse(own.audience !== undefined && own.tokenFor !== undefined, 'give audience or tokenFor')
  refuse(!['refuse', 'accept'].includes(onStale), "onStale is 'refuse' or 'accept'")
  const app = address('app')
  return Object.assign(own, {
    app,
    issuer: checkIssuer(own.issuer ?? app?.href.replace(/\/$/, ''), app !== undefined),
    jwksUri: address('jwksUri'),
    renewAt: address('renewAt')?.href,
    tokenLife: own.tokenLife && milliseconds(own.tokenLife, 'tokenLife'),
    tolerance,
    cacheSize,
    cooldown: milliseconds(own.cooldown ?? '30s', 'cooldown'),
    transport: {
      fetch: own.fetch ?? ((...call) => fetch(...call)),
      timeout: milliseconds(own.timeout ?? '5s', 'timeout'),
      now: own.now ?? Date.now,
    },
    report: reporter(own.onProblem),
  }) as VerifierSettings
}

function checkSource(own: TrustOptions): void {
  const given = (['app', 'jwksUri', 'keys', 'secret'] as const).filter(
    (it) => own[it] !== undefined,
  )
  refuse(given.length !== 1, 'give one of app, jwksUri, keys and secret')
  refuse(
    own.secret !== undefined && own.canAlsoIssue !== true,
    'who has the secret can issue sessions too: say canAlsoIssue: true',
  )
}

/** Stands in headers of refusals, so it may hold nothing that ends a quoted text. */
function checkIssuer(issuer: string | undefined, published: boolean): string {
  const isText = typeof issuer === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(issuer)
  if (isText && (URL.canParse(issuer) || !published)) return issuer
  throw refused('invalid_option', 'issuer must be that of the app')
}

function reporter(
  hear: (problem: VerifierProblem) => void = warnOnce(),
): VerifierSettings['report'] {
  return (code) => (cause) => {
    try {
      hear({ code, cause })
    } catch {
      // A listener's error is not the request's.
    }
  }
}

function warnOnce(): (problem: VerifierProblem) => void {
  const warned = new Set<string>()
  return ({ code, cause }) => {
    // oxlint-disable-next-line no-console -- the only voice that every runtime has
    if (!warned.has(code)) console.warn(`symbolon verifier: ${code}:`, cause)
    warned.add(code)
  }
}

function refuse(wrong: boolean, problem: string): void {
  if (wrong) throw refused('invalid_option', problem)
}
