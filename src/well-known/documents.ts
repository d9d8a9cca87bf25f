import { hash } from 'node:crypto'
import { SessionError } from '../errors.ts'
import type { Settings } from '../session/options.ts'
import type { MaybePromise } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import type { KeyRing } from '../token/key-ring.ts'
import { metadataPaths, providerMetadata } from './provider-metadata.ts'

/** A document that neighbours fetch: public, static, without a session and without a store. */
export interface PublicDocument {
  readonly contentType: string
  readonly body: string
  readonly etag: string
}

const KEY_SET_PATH = '/.well-known/jwks.json'
const MANIFEST_PATH = '/.well-known/session.json'
export const REVOCATIONS_PATH = '/.well-known/session-revocations'

/** By path, as they are when a request comes. */
export type PublicDocuments = ReadonlyMap<string, () => MaybePromise<PublicDocument>>

/**
 * The documents by path (R30).
 *
 * @param revocable whether a list of revocations is published too
 * @param refreshPath where cookies are renewed, which the app may say at any time
 * @throws SessionError `invalid_option` without an issuer, or where the key is a shared secret
 */
export function publicDocuments(
  ring: KeyRing,
  settings: Settings,
  revocable: boolean,
  refreshPath: () => string | undefined,
): PublicDocuments {
  const issuer = requireIssuer(settings, 'wellKnown')
  const jwksUri = new URL(KEY_SET_PATH, issuer).href
  const addressOf = (path: string | undefined): string | undefined =>
    path && new URL(path, issuer).href
  const keySet = (): PublicDocument =>
    publicDocument('application/jwk-set+json', ring.trusted.jwks())
  if (ring.ready === undefined) keySet()
  const manifest = (): PublicDocument =>
    publicDocument('application/json', {
      issuer,
      jwks_uri: jwksUri,
      cookie: settings.cookie.name,
      session_field: settings.sessionField,
      token_life: Math.ceil(settings.tokenLife / 1000),
      revocations_uri: addressOf(revocable ? REVOCATIONS_PATH : undefined),
      refresh_uri: addressOf(refreshPath()),
      fields: settings.fields.list.map(({ short, long }) => ({ short, long })),
    })
  const metadata = (): PublicDocument => {
    const { keys } = ring.trusted.jwks()
    return publicDocument('application/json', providerMetadata(issuer, jwksUri, keys))
  }
  return new Map<string, () => MaybePromise<PublicDocument>>([
    [KEY_SET_PATH, () => walk(whenReady(ring, keySet))],
    [MANIFEST_PATH, manifest],
    ...(settings.discovery ? metadataPaths(issuer) : []).map(
      (path) => [path, () => walk(whenReady(ring, metadata))] as const,
    ),
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
