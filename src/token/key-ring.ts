import type { Events } from '../events.ts'
import { askOthers } from './ask-others.ts'
import {
  type KeyFetcher,
  type KeySpec,
  type Keys,
  invalidKey,
  readFileText,
} from './key-material.ts'
import { type TimedKey, currentKey, endlessKey } from './key-states.ts'
import {
  type Lives,
  importNamed,
  isRingText,
  parseRing,
  refuseUnsafeTimes,
  timedKey,
} from './ring-text.ts'
import { TrustedKeys } from './trusted-keys.ts'
import { type KeySource, WatchedKeys } from './watched-keys.ts'

/** The keys of an app, whose turns are taken by the clock (R21). */
export class KeyRing {
  readonly #source: KeySource
  readonly #now: () => number
  #keys: readonly TimedKey[] | undefined
  #trusted: TrustedKeys | undefined

  constructor(source: KeySource, now: () => number) {
    this.#source = source
    this.#now = now
    Object.freeze(this)
  }

  /**
   * The signing key and those still trusted, now: the same object until something changes.
   *
   * @throws SessionError `keys_unavailable` before the ring is ready
   */
  get trusted(): TrustedKeys {
    const { keys } = this.#source
    const now = this.#now()
    if (keys === this.#keys && this.#trusted?.holdsAt(now)) return this.#trusted
    this.#keys = keys
    return (this.#trusted = new TrustedKeys(keys, now))
  }

  /** To be waited for before anything else, while a function fetches the keys for the first time. */
  get ready(): Promise<void> | undefined {
    return this.#source.ready
  }

  /**
   * Looks whether the keys have changed, at most once a second: for an unknown kid (R7).
   *
   * @returns whether they have
   */
  lookAgain(): boolean | Promise<boolean> {
    return this.#source.lookAgain?.() ?? false
  }

  close(): void {
    this.#source.close?.()
  }
}

export interface KeyRingOptions {
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Hears of changes, and of texts that could not be read or used. */
  readonly events?: Events | undefined
  /** What the times of a ring must leave room for. */
  readonly lives?: Lives | undefined
  /** The keys of other holders (R23). */
  readonly hybrid?: KeySpec | readonly KeySpec[] | undefined
  /** Joins the keys with others, whenever they are read. */
  readonly arrange?: ((keys: readonly TimedKey[]) => readonly TimedKey[]) | undefined
}

/**
 * Makes the key ring of one key, of a list, or of a ring's text, file or function.
 *
 * @throws SessionError `invalid_key`
 *
 * @example
 * const ring = createKeyRing([{ file: 'new.pem' }, { file: 'old.pem' }])
 * ring.trusted.current.kid
 */
export function createKeyRing(
  keys: Keys | readonly (KeySpec | KeyFetcher)[],
  options: KeyRingOptions = {},
): KeyRing {
  const { now = Date.now, events, lives, arrange = (timed) => timed } = options
  const foreign = listOf(options.hybrid ?? []).map((spec, index) => {
    return endlessKey(importNamed(spec, `hybrid[${index}]`), Infinity, true)
  })
  const complete = (own: readonly TimedKey[]): readonly TimedKey[] => {
    const all = [...own, ...foreign]
    refuseMixed(all, now())
    return arrange(all)
  }
  const parse = (text: string): readonly TimedKey[] => {
    const own = parseRing(text).map(timedKey)
    if (lives !== undefined) refuseUnsafeTimes(own, lives)
    return complete(own)
  }
  const list = listOf(keys)
  if (list.length === 0) throw invalidKey('keys: give at least one key')
  const read = list.length === 1 ? ringReader(list[0]) : undefined
  if (read === undefined) return new KeyRing({ keys: complete(plainKeys(list as KeySpec[])) }, now)
  if (typeof read === 'string') return new KeyRing({ keys: parse(read) }, now)
  return new KeyRing(new WatchedKeys({ read, parse, now, events }), now)
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}

/** The text of the ring that a spec stands for, or how to read it; undefined for a plain key. */
function ringReader(
  spec: KeySpec | KeyFetcher | undefined,
): string | (() => string | Promise<string>) | undefined {
  if (typeof spec === 'function') {
    return () => askOthers('The function given as keys', spec)
  }
  if (typeof spec === 'string') return isRingText(spec) ? spec : undefined
  const file = fileOf(spec)
  if (file === undefined || !isRingText(readFileText(file))) return undefined
  return () => readFileText(file)
}

function fileOf(spec: KeySpec | undefined): string | URL | undefined {
  if (spec instanceof URL) return spec
  return typeof spec === 'object' && spec !== null && 'file' in spec ? spec.file : undefined
}

/** Of a list the first signs for good, and all are trusted for good. @throws SessionError `invalid_key` */
export function plainKeys(specs: readonly KeySpec[]): readonly TimedKey[] {
  const keys = specs.map((spec, index) =>
    importNamed(spec, specs.length > 1 ? `keys[${index}]` : 'keys'),
  )
  if (keys[0]?.canSign === false) {
    throw invalidKey('keys: the first key signs, so its private part is needed')
  }
  return keys.map((key, index) => endlessKey(key, index === 0 ? 0 : -Infinity))
}

/** @throws SessionError `invalid_key` */
function refuseMixed(timed: readonly TimedKey[], now: number): void {
  currentKey(timed, now)
  const keys = timed.map(({ key }) => key)
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) {
    throw invalidKey('keys: two keys have the same kid, or one is given twice')
  }
  if (new Set(keys.map(({ publicJwk }) => publicJwk === undefined)).size > 1) {
    throw invalidKey('keys: secrets and key pairs may not be mixed')
  }
}
