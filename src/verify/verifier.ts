import { deepFreeze } from '../token/claim-values.ts'
import { timeProblem } from '../token/claims.ts'
import { VerifiedTokens } from '../token/verified-tokens.ts'
import { sessionHash } from './bytes.ts'
import { type VerifierOptions, resolveOptions } from './options.ts'
import { type TokenHeader, type VerifiableRequest, presentedBy, tokenOf } from './request.ts'
import { type GenuineToken, type Refusal, readToken } from './token.ts'
import { type Trust, createTrust } from './trust.ts'

/**
 * Why a request has no user. Beside the codes of tokens that are not believed: `missing`: no cookie
 * of the name; `duplicate`: more than one; `anonymous`: a session of nobody; `revoked`: ended before
 * its time; `unavailable`: keys, manifest or revocations could not be fetched.
 */
export type CheckReason = Refusal | 'missing' | 'duplicate' | 'anonymous' | 'revoked'

/** What is known of a request's user, or why nothing is. */
export type CheckResult<Claims> =
  | {
      readonly claims: Claims
      /** The hash of the session's id that the app's events name it by; empty with `tokenFor`. */
      readonly session: string
      /** When the token expires, in ms since 1970. */
      readonly expires: number
      readonly reason?: undefined
      readonly renewAt?: undefined
    }
  | {
      readonly claims?: undefined
      readonly reason: CheckReason
      /** Of an expired cookie: where it is renewed; of another token: whom to ask for a new one. */
      readonly renewAt?: string
    }

/** Made by {@link createVerifier}. */
export interface Verifier<Claims> {
  /** The claims of a request's user; undefined for everybody else. Rejects only for unusable keys. */
  (request: VerifiableRequest): Promise<Claims | undefined>
  /** The same, with the reason where there are none. */
  readonly check: (request: VerifiableRequest) => Promise<CheckResult<Claims>>
  /** Whose tokens are believed. */
  readonly issuer: string
  /** Where they are looked for. */
  readonly header: TokenHeader
}

/** A token that was verified, and what it is worth as long as nothing else has changed. */
interface Verified<Claims> {
  readonly token: GenuineToken
  readonly trust: Trust
  readonly session: string
  readonly claims: Claims
}

/**
 * Makes the verifier of a service beside the app: who is the user of a request, without a call to the
 * app. It runs wherever Web Crypto and fetch are: Node, Deno, Bun, Workers, browsers.
 *
 * Keys and manifest are fetched when they are first needed, then within their `max-age` (at least a
 * minute, at most a day), and, for a key that is not known yet, at most every 30 seconds (`cooldown`).
 * While they cannot be fetched, what is known is used for a day. A logout is heard of when the token
 * expires, or within a second where the app publishes revocations: they are asked for every 400 ms,
 * until half a minute after the last request. Only the first request waits for an answer of the app,
 * and the first after such a rest, or after the process stood still (functions that are frozen between
 * requests). While the app gives no answer one request at a time waits for it, once what is known is too
 * old to be used, and none before.
 *
 * @throws SessionError `invalid_option`, `invalid_key`
 *
 * @example
 * const verify = createVerifier({ app: 'https://app.example' })
 * const auth = await verify(request) // { sub: '7', uid: 7, userId: 7, … } or undefined
 */
export function createVerifier<FieldAuth extends object = Readonly<Record<string, unknown>>>(
  options: VerifierOptions<FieldAuth>,
): Verifier<{ readonly sub: string } & FieldAuth> {
  type Claims = { readonly sub: string } & FieldAuth
  const settings = resolveOptions(options)
  const findTrust = createTrust(settings)
  const remembered = new VerifiedTokens<Verified<Claims>>(settings.cacheSize)
  const { transport, tolerance } = settings
  const header: TokenHeader = settings.tokenFor === undefined ? 'Cookie' : 'Authorization'

  async function check(request: VerifiableRequest): Promise<CheckResult<Claims>> {
    const presented = presentedBy(request, header)
    // Whoever brings nothing at all needs no manifest to be nobody.
    if (!Object.values(presented)[0]) return { reason: 'missing' }
    const trust = await findTrust()
    if (trust === undefined) return { reason: 'unavailable' }
    const found = tokenOf(presented, trust.cookie)
    if (typeof found === 'string') return { reason: found }
    const verified = await read(found.token, trust)
    if (typeof verified === 'string') return { reason: verified }
    const reason = await problemOf(verified)
    if (reason === 'expired') return { reason, renewAt: trust.renewAt }
    if (reason !== undefined) return { reason }
    const { claims, session, token } = verified
    return { claims, session, expires: token.exp * 1000 }
  }

  async function read(token: unknown, trust: Trust): Promise<Verified<Claims> | Refusal> {
    const known = typeof token === 'string' ? remembered.get(token) : undefined
    // As long as the key that it was verified by is still the app's.
    if (known?.trust === trust && (await isCurrent(known.token, trust))) return known
    const genuine = await readToken(token, trust)
    if (typeof genuine === 'string') return genuine
    const { id, userId: sub } = genuine
    const session = id && (await sessionHash(id))
    // That the fields are what the app says they are is the app's word.
    const claims = deepFreeze({ ...trust.expand(genuine.claims), sub }) as Claims
    const verified = { token: genuine, trust, session, claims }
    remembered.set(token as string, verified)
    return verified
  }

  async function problemOf({
    token,
    trust,
    session,
  }: Verified<Claims>): Promise<CheckReason | undefined> {
    const limits = { tolerance, tokenLife: trust.tokenLife }
    const problem = timeProblem(token, transport.now(), limits)
    if (problem !== undefined) return problem
    if (token.userId === undefined) return 'anonymous'
    return trust.revocations?.problemOf({ ...token, session, kid: token.key.kid })
  }

  const verify = async (request: VerifiableRequest): Promise<Claims | undefined> =>
    (await check(request)).claims
  return Object.freeze(Object.assign(verify, { check, issuer: settings.issuer, header }))
}

/** Whether the key that a remembered token was verified by is still the app's. */
async function isCurrent({ key }: GenuineToken, { keys }: Trust): Promise<boolean> {
  return (await keys.find(key.kid)) === key
}
