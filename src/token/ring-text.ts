import { SessionError } from '../errors.ts'
import { isPlainObject } from './claim-values.ts'
import { type KeyPair, type SingleKey, invalidKey } from './key-material.ts'
import { type TimedKey, signersOf } from './key-states.ts'
import { type Key, importKey } from './key.ts'

/**
 * One key of a ring's text, which is the JSON of `{ "keys": StoredKey[] }`. Times are ISO 8601 in UTC,
 * as in `2027-03-01T12:00:00Z`; what is left out never comes.
 *
 * @example
 * { "key": { "kty": "EC", … }, "publishedFrom": "2027-02-28T12:00:00Z", "signsFrom": "2027-03-01T12:00:00Z" }
 */
export interface StoredKey {
  /** A JWK, or the text of a PEM or a secret. */
  readonly key: SingleKey | KeyPair
  /** Since when neighbours can know it; whoever plans a rotation reads it. */
  readonly publishedFrom?: string | undefined
  readonly signsFrom?: string | undefined
  readonly publishedUntil?: string | undefined
  readonly opensUntil?: string | undefined
  /** When it was found to be no secret any more. */
  readonly burned?: string | undefined
}

/** How long tokens and unused sessions live, in ms. */
export interface Lives {
  readonly tokenLife: number
  readonly idle: number
}

const TIMES = ['publishedFrom', 'signsFrom', 'publishedUntil', 'opensUntil', 'burned'] as const
const MEMBERS: readonly string[] = ['key', ...TIMES]
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** Gateways such as Istio fetch the JWKS again after 20 minutes, whatever its headers say. */
const NEIGHBOURS_CACHE_MS = 20 * 60_000

/**
 * The least time between publishing a key and signing by it, and between its last signature and its
 * withdrawal: until then a neighbour may lack the one, or hold a token by the other.
 */
export function shortestGrace(tokenLife: number): number {
  return tokenLife + NEIGHBOURS_CACHE_MS
}

/** Whether a text is meant as a ring, not as a JWK or a secret. */
export function isRingText(text: string): boolean {
  const ring = text.startsWith('{') ? parse(text) : undefined
  return isPlainObject(ring) && 'keys' in ring
}

/** @throws SessionError `invalid_key`, without any of the text in its message */
export function parseRing(text: string): readonly StoredKey[] {
  const ring = parse(text)
  const keys: unknown = isPlainObject(ring) ? (ring as { keys?: unknown }).keys : undefined
  if (!Array.isArray(keys)) throw invalidKey('the key ring is not JSON of the form {"keys":[…]}')
  for (const [index, entry] of keys.entries()) refuseMisspelt(entry, `keys[${index}]`)
  return keys as readonly StoredKey[]
}

/** @throws SessionError `invalid_key` */
export function timedKey(stored: StoredKey, index: number): TimedKey {
  const key = importNamed(stored.key, `keys[${index}]`)
  const signsFrom = timeOf(stored.signsFrom)
  if (signsFrom < Infinity && !key.canSign) {
    throw invalidKey(`keys[${index}] is to sign, so its private part is needed`)
  }
  return {
    key,
    signsFrom,
    publishedUntil: timeOf(stored.publishedUntil),
    opensUntil: timeOf(stored.opensUntil),
    burned: stored.burned !== undefined,
    foreign: false,
  }
}

/** A time that is left out never comes. */
function timeOf(text: string | undefined): number {
  return text === undefined ? Infinity : Date.parse(text)
}

/** @param name of the spec, for the message; @throws SessionError `invalid_key` */
export function importNamed(spec: Parameters<typeof importKey>[0], name: string): Key {
  try {
    return importKey(spec)
  } catch (error) {
    if (!(error instanceof SessionError)) throw error
    throw invalidKey(`${name}: ${error.message}`, error.cause)
  }
}

/** @throws SessionError `invalid_key` if a key is given up while tokens or sessions still need it */
export function refuseUnsafeTimes(keys: readonly TimedKey[], { tokenLife, idle }: Lives): void {
  const signers = signersOf(keys)
  for (const [index, { key, publishedUntil, opensUntil, burned }] of signers.entries()) {
    const end = signers[index + 1]?.signsFrom ?? Infinity
    if (burned || end === Infinity) continue
    if (publishedUntil < end + shortestGrace(tokenLife)) {
      throw invalidKey(
        `the ring withdraws key ${key.kid} while neighbours may hold its tokens; publishedUntil must lie tokenLife + 20 minutes or more after the next key's signsFrom`,
      )
    }
    if (opensUntil < end + idle + tokenLife && idle < Infinity) {
      throw invalidKey(
        `the ring gives up key ${key.kid} while sessions that it opens may live; opensUntil must lie idle + tokenLife or more after the next key's signsFrom`,
      )
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A misspelt time would be one that never comes. */
function refuseMisspelt(entry: unknown, name: string): void {
  if (!isPlainObject(entry) || !('key' in entry)) {
    throw invalidKey(`${name} has no "key"; of a JWKS, whose keys have no times, give a list`)
  }
  const stranger = Object.keys(entry).find((member) => !MEMBERS.includes(member))
  if (stranger !== undefined) throw invalidKey(`${name} has an unknown member; see docs/keys.md`)
  for (const member of TIMES) {
    const time = (entry as Partial<Record<string, unknown>>)[member]
    if (time === undefined) continue
    if (typeof time !== 'string' || !ISO_TIME.test(time) || Number.isNaN(Date.parse(time))) {
      throw invalidKey(`${name}: ${member} is no time like 2027-03-01T12:00:00Z`)
    }
  }
}
