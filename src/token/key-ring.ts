import { SessionError } from '../errors.ts'
import { invalidKey } from './key-material.ts'
import { type Key, type KeySpec, type PublicJwk, importKey } from './key.ts'

/** The signing key and those still trusted. Prints as kids and algorithms only (KEY-25). */
export class KeyRing {
  readonly keys: readonly Key[]
  readonly #byHeader: ReadonlyMap<string, Key>

  /** @param keys at least one; the first signs */
  constructor(keys: readonly [Key, ...Key[]]) {
    this.keys = Object.freeze([...keys])
    this.#byHeader = new Map(keys.map((key) => [key.header, key]))
    Object.freeze(this)
  }

  /** The key that signs. */
  get current(): Key {
    return this.keys[0] as Key
  }

  /** Whether whoever verifies could also sign. */
  get symmetric(): boolean {
    return this.current.publicJwk === undefined
  }

  /**
   * The key whose tokens begin with this header. Only headers this app could have issued are known,
   * so no header is ever decoded to find a key: no `alg`, `jwk`, `jku` or `kid` of a forger is read.
   */
  byHeader(segment: string): Key | undefined {
    return this.#byHeader.get(segment)
  }

  /**
   * The public keys as RFC 7517 publishes them.
   *
   * @throws SessionError `invalid_option` if the keys are secrets
   */
  jwks(): { keys: PublicJwk[] } {
    const keys = this.keys.flatMap((key) => key.publicJwk ?? [])
    if (keys.length > 0) return { keys }
    throw new SessionError(
      'invalid_option',
      'A secret cannot be published for other services; make a key pair with `npx symbolon keygen`',
    )
  }
}

/**
 * Makes the key ring: the first key signs, all are trusted. To rotate, put the new key second in one
 * release and first in the next.
 *
 * @param keys one key or a list
 * @throws SessionError `invalid_key`
 *
 * @example
 * const ring = createKeyRing([{ file: 'new.pem' }, { file: 'old.pem' }])
 */
export function createKeyRing(keys: KeySpec | readonly KeySpec[]): KeyRing {
  const specs = Array.isArray(keys) ? (keys as readonly KeySpec[]) : [keys as KeySpec]
  const [first, ...others] = specs.map((spec, index) => {
    return importNamed(spec, specs.length > 1 ? `keys[${index}]` : 'keys')
  })
  if (first === undefined) throw invalidKey('keys: give at least one key')
  if (!first.canSign) throw invalidKey('keys: the first key signs, so its private part is needed')
  const all = [first, ...others] as const
  if (new Set(all.map((key) => key.kid)).size < all.length) {
    throw invalidKey('keys: two keys have the same kid, or one is given twice')
  }
  if (new Set(all.map((key) => key.publicJwk === undefined)).size > 1) {
    throw invalidKey('keys: secrets and key pairs may not be mixed')
  }
  return new KeyRing(all)
}

function importNamed(spec: KeySpec, name: string): Key {
  try {
    return importKey(spec)
  } catch (error) {
    if (!(error instanceof SessionError)) throw error
    throw invalidKey(`${name}: ${error.message}`, error.cause)
  }
}
