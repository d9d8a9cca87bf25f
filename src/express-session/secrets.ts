import { KeyObject, createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import { SessionError } from '../errors.ts'
import type { Events } from '../events.ts'
import { type KeyRing, createKeyRing, plainKeys } from '../token/key-ring.ts'
import type { TimedKey } from '../token/key-states.ts'
import type { KeySpec } from '../token/key.ts'
import type { Secret } from './old-cookie.ts'
import type { Config } from './options.ts'

const SHORT_BYTES = 32
const PROBE = 'symbolon'

/**
 * What signs and what is trusted: of `keys` and of the keys derived from the secrets, those that do
 * not sign are still read, so that nobody is logged out when an app is given `keys`, or goes back.
 *
 * @throws SessionError `invalid_key`
 */
export function ringOf(
  { keys, signsDerived, settings }: Pick<Config, 'keys' | 'signsDerived' | 'settings'>,
  secrets: readonly Secret[],
  events: Events,
): KeyRing {
  if (keys === undefined) return createKeyRing(keysOfSecrets(secrets))
  const derived = plainKeys(keysOfSecrets(secrets))
  const arrange = (own: readonly TimedKey[]): readonly TimedKey[] => {
    refuseSecretKeys(own, secrets)
    return signsDerived ? joined(derived, own) : joined(own, derived)
  }
  return createKeyRing(keys, { now: settings.now, events, lives: settings, arrange })
}

/**
 * Of a secret and a pair, which no list of an app may mix: a derived key is neither's public part, so
 * no signature of one can pass for the other's.
 */
function joined(signing: readonly TimedKey[], reading: readonly TimedKey[]): readonly TimedKey[] {
  const headers = new Set(signing.map(({ key }) => key.header))
  const others = reading.filter(({ key }) => !headers.has(key.header))
  return [...signing, ...others.map((it) => ({ ...it, signsFrom: -Infinity }))]
}

/**
 * The keys that an app without `keys` signs its tokens with, made of its secrets. A secret itself
 * never signs a token: cookie-parser signs with it what the app asks it to, so a client may have had
 * a token's text signed (R22).
 */
function keysOfSecrets(secrets: readonly Secret[]): readonly KeySpec[] {
  return secrets.map((secret) => createSecretKey(derivedKey(secret)))
}

/** HKDF-SHA-256 (RFC 5869) without salt; the info keeps it apart from all other uses of the secret. */
export function derivedKey(secret: Secret): Buffer {
  return Buffer.from(hkdfSync('sha256', bytesOf(secret), '', 'symbolon token v1', 32))
}

/** @throws SessionError `invalid_key` if a key is one of the secrets, in whatever form */
function refuseSecretKeys(keys: readonly TimedKey[], secrets: readonly Secret[]): void {
  const reused = secrets.some((secret) => {
    const mac = createHmac('sha256', bytesOf(secret)).update(PROBE).digest('base64url')
    return keys.some(({ key }) => key.alg === 'HS256' && key.verify(PROBE, mac))
  })
  if (!reused) return
  throw new SessionError(
    'invalid_key',
    'keys: a key may not be the secret, which signs cookies of other contents, too; make one with `npx symbolon keygen`, or leave out keys',
  )
}

export function warnOfShortSecrets(secrets: readonly Secret[], events: Events): void {
  if (!secrets.some((secret) => bytesOf(secret).length < SHORT_BYTES)) return
  events.warn(
    `A secret of the session middleware is shorter than ${SHORT_BYTES} bytes and could be guessed from one cookie; put a longer one first in the list`,
  )
}

function bytesOf(secret: Secret): Buffer {
  if (typeof secret === 'string') return Buffer.from(secret)
  if (secret instanceof KeyObject) return secret.export()
  return Buffer.from(secret.buffer as ArrayBuffer, secret.byteOffset, secret.byteLength)
}
