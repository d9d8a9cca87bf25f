import { hash } from 'node:crypto'
import { SessionError } from '../errors.ts'
import type { Settings } from '../session/options.ts'
import type { MaybePromise } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import type { KeyRing } from '../token/key-ring.ts'

/** A document that neighbours fetch: public, static, without a session and without a store. */
export interface PublicDocument {
  readonly contentType: string
  readonly body: string
  readonly etag: string
}

export const REVOCATIONS_PATH = '/.well-known/session-revocations'

/** By path, as they are when a request comes. */
export type PublicDocuments = ReadonlyMap<string, () => MaybePromise<PublicDocument>>

/**
 * The documents by path (R30).
 *
 * @param revocable whether a list of revocations is published too
 * @throws SessionError `invalid_option` without an issuer, or where the key is a shared secret
 */
export function publicDocuments(
  ring: KeyRing,
  settings: Settings,
  revocable: boolean,
): PublicDocuments {
  const issuer = requireIssuer(settings, 'wellKnown')
  const jwks = (): PublicDocument => publicDocument('application/jwk-set+json', ring.trusted.jwks())
  if (ring.ready === undefined) jwks()
  const manifest = publicDocument('application/json', {
    issuer,
    jwks_uri: new URL('/.well-known/jwks.json', issuer).href,
    cookie: settings.cookie.name,
    session_field: settings.sessionField,
    token_life: Math.ceil(settings.tokenLife / 1000),
    revocations_uri: revocable ? new URL(REVOCATIONS_PATH, issuer).href : undefined,
    fields: settings.fields.list.map(({ short, long }) => ({ short, long })),
  })
  return new Map<string, () => MaybePromise<PublicDocument>>([
    ['/.well-known/jwks.json', () => walk(whenReady(ring, jwks))],
    ['/.well-known/session.json', () => manifest],
  ])
}

function* whenReady<T>(ring: KeyRing, make: () => T): Steps<T> {
  yield* wait(ring.ready)
  return make()
}

/** Whoever reads our word about users must be able to tell whose word it is. */
export function requireIssuer({ issuer }: Settings, what: string): string {
  if (issuer !== undefined && /^https?:$/.test(protocolOf(issuer))) return issuer
  throw new SessionError(
    'invalid_option',
    `${what} needs the option issuer: the app's public address, such as 'https://app.example', another one in each environment`,
  )
}

function protocolOf(address: string): string {
  return URL.canParse(address) ? new URL(address).protocol : ''
}

function publicDocument(contentType: string, content: unknown): PublicDocument {
  const body = JSON.stringify(content)
  return { contentType, body, etag: `"${hash('sha256', body, 'base64url').slice(0, 22)}"` }
}
