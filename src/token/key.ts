import { createHash, createHmac, createPublicKey } from 'node:crypto'
import {
  type Algorithm,
  type PublicJwk,
  type PublicMembers,
  SECRET_NAMING_TEXT,
  jwkProblem,
  kidOf,
  publicMembers,
  thumbprintText,
} from './jwk.ts'
import {
  type KeyPair,
  type KeySpec,
  type Material,
  type RemoteKey,
  invalidKey,
  readKey,
} from './key-material.ts'
import { remoteSigning } from './remote-signing.ts'
import { type Signing, keyPairSigning, secretSigning } from './signing.ts'
import { rsaProblem } from './weak-rsa.ts'
import { secretProblem } from './weak-secret.ts'

export type { Algorithm, PublicJwk } from './jwk.ts'
export type {
  KeyFetcher,
  KeyFile,
  KeyPair,
  KeySpec,
  Keys,
  RemoteKey,
  SingleKey,
} from './key-material.ts'

/**
 * One key bound to one algorithm. It shows its `kid` and `alg` to whoever prints, serialises or
 * clones it, and nothing else (KEY-25).
 */
export class Key {
  readonly kid: string
  readonly alg: Algorithm
  readonly #signing: Signing
  readonly #header: string
  readonly #publicJwk: PublicJwk | undefined

  /** @param header what tokens begin with; without a `kid` where another system issues them, too */
  constructor(
    kid: string,
    signing: Signing,
    members: PublicMembers | undefined,
    header: object = { alg: signing.alg, kid, typ: 'JWT' },
  ) {
    const { alg } = signing
    this.kid = kid
    this.alg = alg
    this.#signing = signing
    this.#header = Buffer.from(JSON.stringify(header)).toString('base64url')
    this.#publicJwk = members && Object.freeze({ ...members, kid, use: 'sig', alg })
    Object.freeze(this)
  }

  /** The encoded header of every token signed by this key, and of no other (R4). */
  get header(): string {
    return this.#header
  }

  get canSign(): boolean {
    return this.#signing.canSign
  }

  /** In base64url characters. */
  get signatureLength(): number {
    return this.#signing.signatureLength
  }

  /** Undefined for a secret. */
  get publicJwk(): PublicJwk | undefined {
    return this.#publicJwk
  }

  /** @returns the signature in base64url; a promise where the private key is kept elsewhere */
  sign(text: string): string | Promise<string> {
    return this.#signing.sign(text)
  }

  /** @param signature in base64url, as `splitCompact` leaves it */
  verify(signedText: string, signature: string): boolean {
    return this.#signing.verify(signedText, signature)
  }
}

/**
 * Makes a key from whatever form it comes in, and refuses what should not sign sessions: weak
 * secrets and RSA keys, foreign curves, JWKs that contradict themselves, halves that do not belong
 * together (R20).
 *
 * @param spec PEM, JWK, a secret, a KeyObject, a `file:` URL, `{ file }`, `{ private, public }` or
 * `{ public, sign }`
 * @throws SessionError `invalid_key`, without any of the key in its message
 *
 * @example
 * const key = importKey({ file: '/run/secrets/session.pem' })
 * key.alg // 'ES256'
 */
export function importKey(spec: KeySpec): Key {
  if (isRemote(spec)) return importRemote(spec)
  const key = isPair(spec) ? importPair(spec) : importMaterial(readKey(spec))
  if (key.canSign && !verifiesItself(key)) throw invalidKey('the key does not verify what it signs')
  return key
}

function isPair(spec: KeySpec): spec is KeyPair {
  return typeof spec === 'object' && spec !== null && 'private' in spec && 'public' in spec
}

function isRemote(spec: KeySpec): spec is RemoteKey {
  return typeof spec === 'object' && spec !== null && 'sign' in spec && 'public' in spec
}

/** Not asked to sign yet: it may be reachable only later, and each call may cost. */
function importRemote({ public: publicHalf, sign }: RemoteKey): Key {
  const material = readKey(publicHalf)
  if (material.key.type !== 'public' || typeof sign !== 'function') {
    throw invalidKey('{ public, sign } needs a public key and a function')
  }
  return importKeyPair(material, sign)
}

/** Either half may be a JWK with the `kid` under which the key is published. */
function importPair(pair: KeyPair): Key {
  const [privateHalf, publicHalf] = [readKey(pair.private), readKey(pair.public)]
  if (privateHalf.key.type !== 'private' || publicHalf.key.type !== 'public') {
    throw invalidKey('{ private, public } needs a private key and a public key')
  }
  // Not by KeyObject.equals(), which leaves an OpenSSL error behind for the next call.
  const [ours, theirs] = [privateHalf, publicHalf].map((half) => {
    return importMaterial({ ...half, kid: undefined }).kid
  })
  if (ours !== theirs) throw invalidKey('the private and the public half do not belong together')
  return importMaterial({ ...privateHalf, kid: publicHalf.kid ?? privateHalf.kid })
}

function importMaterial(material: Material): Key {
  return material.key.type === 'secret' ? importSecret(material) : importKeyPair(material)
}

function importSecret({ key, jwk, kid }: Material): Key {
  refuse('the secret', secretProblem(key.export()))
  const signing = secretSigning(key)
  if (jwk !== undefined) refuse('the JWK', jwkProblem(jwk, signing.alg, { kty: 'oct' }))
  const fingerprint = createHmac('sha256', key).update(SECRET_NAMING_TEXT).digest('hex')
  return new Key(kid ?? kidOf(fingerprint), signing, undefined)
}

function importKeyPair({ key, jwk, kid }: Material, sign?: RemoteKey['sign']): Key {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const signing = keyPairSigning(publicKey, key.type === 'private' ? key : undefined)
  if (signing === undefined) {
    throw invalidKey('keys are EC on P-256 (as `npx symbolon keygen` makes), RSA or Ed25519')
  }
  const members = publicMembers(publicKey.export({ format: 'jwk' }))
  if (members.kty === 'RSA')
    refuse('the RSA key', rsaProblem(integer(members.n), integer(members.e)))
  if (jwk !== undefined) refuse('the JWK', jwkProblem(jwk, signing.alg, members))
  const thumbprint = createHash('sha256').update(thumbprintText(members)).digest('hex')
  const signer = sign === undefined ? signing : remoteSigning(signing, sign)
  return new Key(kid ?? kidOf(thumbprint), signer, members)
}

function refuse(what: string, problem: string | undefined): void {
  if (problem !== undefined) throw invalidKey(`${what} ${problem}`)
}

function integer(base64url: string | undefined): bigint {
  return BigInt(`0x${Buffer.from(base64url ?? '', 'base64url').toString('hex')}`)
}

function verifiesItself(key: Key): boolean {
  const text = 'symbolon'
  try {
    return key.verify(text, key.sign(text) as string)
  } catch {
    return false
  }
}
