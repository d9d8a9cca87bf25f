import { DEFAULT_SESSION_FIELD, expandFields } from '../token/fields.ts'
import { type FetchingRules, type Keys, givenKeys, remoteKeys } from './keys.ts'
import { type Manifest, readManifest } from './manifest.ts'
import type { VerifierSettings } from './options.ts'
import { importPublicKeys } from './public-keys.ts'
import { RemoteDocument } from './remote-document.ts'
import { type Revocations, remoteRevocations } from './revocations.ts'
import type { TokenRules } from './token.ts'
import { importSecrets } from './verifying-key.ts'

/** All that decides what is believed, whether it was configured or read from a manifest. */
export interface Trust extends TokenRules {
  readonly cookie: string
  /** In ms. */
  readonly tokenLife: number
  readonly revocations: Revocations | undefined
  readonly renewAt: string
  /** Adds the long names of fields. */
  readonly expand: (claims: Readonly<Record<string, unknown>>) => object
}

const DEFAULT_COOKIE = '__Host-session'
const MANIFEST_PATH = '/.well-known/session.json'
const REVOCATIONS_PATH = '/.well-known/session-revocations'

/** Ids that the drop-in's `genid` chose are any text. */
const SESSION_ID = /^[^\p{Cc}]{1,255}$/u
/** Tokens for one service (R35) name no session: neither kind can be taken for the other. */
const NO_SESSION = /^$/

const MINUTE = 60_000
const DAY = 86_400_000
const MAX_BYTES = 64 * 1024

/** @returns finds the trust; undefined while the app's manifest cannot be fetched */
export function createTrust(settings: VerifierSettings): () => Promise<Trust | undefined> {
  if (settings.app !== undefined) return discovered(settings, settings.app)
  const trust = Promise.resolve(trustOf(settings, configuredKeys(settings), {}))
  return () => trust
}

function configuredKeys(settings: VerifierSettings): Keys {
  const { jwksUri, keys = [], secret } = settings
  if (jwksUri !== undefined) return publishedKeys(settings, jwksUri.href)
  return givenKeys(secret === undefined ? importPublicKeys(keys) : importSecrets(secret))
}

function publishedKeys(settings: VerifierSettings, address: string): Keys {
  const { transport, report } = settings
  return remoteKeys(address, transport, rulesOf(settings, 'keys_failed'), report('key_ignored'))
}

function discovered(settings: VerifierSettings, app: URL): () => Promise<Trust | undefined> {
  const { issuer, origins = [], allowHttp = false, transport } = settings
  const known = {
    issuer,
    allowHttp,
    origins: new Set([app.origin, new URL(issuer).origin, ...origins]),
  }
  let published: { address: string; keys: Keys } | undefined

  function read(text: string): Trust {
    const manifest = readManifest(text, known)
    const { jwksUri: address } = manifest
    // Keys that are known stay known when something else in the manifest has changed.
    if (published?.address !== address) {
      published = { address, keys: publishedKeys(settings, address) }
    }
    return trustOf(settings, published.keys, manifest)
  }

  const document = new RemoteDocument(new URL(MANIFEST_PATH, app).href, transport, {
    ...rulesOf(settings, 'manifest_failed'),
    read,
  })
  return () => document.get()
}

function rulesOf(
  { cooldown, report }: VerifierSettings,
  problem: 'keys_failed' | 'manifest_failed',
): FetchingRules {
  const freshness = { least: MINUTE, most: DAY }
  const onError = report(problem)
  return { maxBytes: MAX_BYTES, cooldown, freshness, staleLimit: DAY, onError }
}

/** @param said by the app's manifest, if it was asked for; what the options say stands above it */
function trustOf(settings: VerifierSettings, keys: Keys, said: Partial<Manifest>): Trust {
  const { tokenFor, fields, acceptEd25519 = false } = settings
  const isSession = tokenFor === undefined
  const ofSessions: Partial<Manifest> = isSession ? said : {}
  const issuer = said.issuer ?? settings.issuer
  const trust = {
    keys,
    issuer,
    acceptEd25519,
    tokenLife: settings.tokenLife ?? ofSessions.tokenLife ?? Infinity,
    audience: tokenFor ?? settings.audience,
    sessionId: isSession ? SESSION_ID : NO_SESSION,
    sessionField: settings.sessionField ?? said.sessionField ?? DEFAULT_SESSION_FIELD,
    cookie: settings.cookie ?? ofSessions.cookie ?? DEFAULT_COOKIE,
    renewAt: settings.renewAt ?? ofSessions.refreshUri ?? issuer,
    expand: (claims: Readonly<Record<string, unknown>>) =>
      expandFields(fields?.list ?? said.fields ?? [], claims),
  }
  return { ...trust, revocations: revocationsOf(settings, trust, ofSessions) }
}

function revocationsOf(
  settings: VerifierSettings,
  trust: Pick<Trust, 'keys' | 'acceptEd25519'> & { readonly issuer: string },
  { revocationsUri }: Partial<Manifest>,
): Revocations | undefined {
  const { revocations = revocationsUri !== undefined, tolerance, onStale, transport } = settings
  if (!revocations) return undefined
  const address = revocationsUri ?? new URL(REVOCATIONS_PATH, settings.jwksUri ?? trust.issuer).href
  return remoteRevocations(address, transport, {
    ...trust,
    tolerance,
    acceptStale: onStale === 'accept',
    onError: settings.report('revocations_failed'),
  })
}
