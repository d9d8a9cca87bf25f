import { SessionError } from '../errors.ts'
import { MAX_HEADER_LENGTH, decodeUtf8, parseStrictObject } from './compact.ts'
import { type KeyState, type TimedKey, currentKey, isSuperseded, stateOf } from './key-states.ts'
import type { Key, PublicJwk } from './key.ts'

/** A key whose tokens are believed. */
export interface TrustedKey {
  readonly key: Key
  /** Whether its tokens are to be replaced by those of a newer key. */
  readonly superseded: boolean
  /** Whether its owner may write headers in another form than ours. */
  readonly foreign: boolean
}

/**
 * The signing key and those still trusted, at one moment: immutable. Prints as kids and algorithms
 * only (KEY-25).
 */
export class TrustedKeys {
  /** The current key first. */
  readonly keys: readonly Key[]
  readonly #byHeader = new Map<string, TrustedKey>()
  readonly #byForeignKid = new Map<string, TrustedKey>()
  readonly #byState = new Map<KeyState, Key[]>()
  readonly #from: number
  readonly #until: number

  /** @throws SessionError `invalid_key` if none of them is to sign */
  constructor(timed: readonly TimedKey[], now: number) {
    const current = currentKey(timed, now)
    const others = timed.filter((it) => it !== current && stateOf(it, current, now) !== 'gone')
    for (const it of [current, ...others]) {
      const { key, foreign } = it
      const trusted = { key, superseded: isSuperseded(it, current), foreign }
      this.#byHeader.set(key.header, trusted)
      if (foreign) this.#byForeignKid.set(key.kid, trusted)
      const state = stateOf(it, current, now)
      this.#byState.set(state, [...this.#in(state), key])
    }
    this.keys = Object.freeze([...this.#byHeader.values()].map(({ key }) => key))
    const times = timed.flatMap((it) => [it.signsFrom, it.publishedUntil, it.opensUntil])
    this.#from = Math.max(...times.filter((time) => time <= now))
    this.#until = Math.min(...times.filter((time) => time > now))
    Object.freeze(this)
  }

  /** The key that signs. */
  get current(): Key {
    return this.keys[0] as Key
  }

  /** The kids that neighbours must not believe any more. */
  get burned(): readonly string[] {
    return this.#in('burned').map(({ kid }) => kid)
  }

  /** Whether no key has changed its state by then. */
  holdsAt(now: number): boolean {
    return this.#from <= now && now < this.#until
  }

  /**
   * The key whose tokens begin with this header. Of our own keys only headers that this app could
   * have issued are known, so that none is decoded to find a key: no `alg`, `jwk`, `jku` or `kid` of
   * a forger is read.
   */
  byHeader(segment: string): TrustedKey | undefined {
    return this.#byHeader.get(segment) ?? this.#byForeignHeader(segment)
  }

  /** Other holders' libraries order the members in their own ways, and may leave out `typ` (R7). */
  #byForeignHeader(segment: string): TrustedKey | undefined {
    if (this.#byForeignKid.size === 0) return undefined
    const { alg, kid, typ = 'JWT', ...more } = readHeader(segment) ?? {}
    const trusted = this.#byForeignKid.get(kid as string)
    const right = trusted?.key.alg === alg && typ === 'JWT' && Object.keys(more).length === 0
    return right ? trusted : undefined
  }

  /** Reads a header that is refused already, only to say why in an event. */
  headerProblem(segment: string): 'alg' | 'kid' | 'header' {
    const header = readHeader(segment)
    if (header === undefined) return 'header'
    if (!this.keys.some(({ alg }) => alg === header['alg'])) return 'alg'
    const named = this.keys.find(({ kid }) => kid === header['kid'])
    if (named === undefined) return 'kid'
    return named.alg === header['alg'] ? 'header' : 'alg'
  }

  /**
   * The public keys as RFC 7517 publishes them, the current one first.
   *
   * @throws SessionError `invalid_option` if the keys are secrets
   */
  jwks(): { keys: PublicJwk[] } {
    const published = [...this.#in('current'), ...this.#in('next'), ...this.#in('published')]
    const keys = published.flatMap((key) => key.publicJwk ?? [])
    if (keys.length > 0) return { keys }
    throw new SessionError(
      'invalid_option',
      'A secret cannot be published for other services; make a key pair with `npx symbolon keygen`',
    )
  }

  #in(state: KeyState): readonly Key[] {
    return this.#byState.get(state) ?? []
  }
}

function readHeader(segment: string): Record<string, unknown> | undefined {
  if (segment.length > MAX_HEADER_LENGTH) return undefined
  const text = decodeUtf8(Buffer.from(segment, 'base64url'))
  return text === undefined ? undefined : parseStrictObject(text)
}
