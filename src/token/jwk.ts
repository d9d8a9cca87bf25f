/** The algorithms offered (R6). EdDSA is Ed25519 under the name that verifiers know (RFC 8037). */
export type Algorithm = 'HS256' | 'ES256' | 'RS256' | 'EdDSA'

/** A key as RFC 7517 writes it. Our own type: Node's declarations move theirs between versions. */
export type Jwk = { readonly [Name in JwkMember]?: string | undefined } & {
  readonly key_ops?: readonly string[] | undefined
}

type JwkMember =
  | ('kty' | 'kid' | 'alg' | 'use' | 'crv' | 'x' | 'y' | 'n' | 'e' | 'k')
  | ('d' | 'p' | 'q' | 'dp' | 'dq' | 'qi')

/** What a public key is, without what is said about it. */
export type PublicMembers = Readonly<
  { kty: string } & Partial<Record<'crv' | 'x' | 'y' | 'n' | 'e', string>>
>

/** A public key as a JWKS publishes it (RFC 7517). */
export type PublicJwk = PublicMembers & Readonly<{ kid: string; use: 'sig'; alg: Algorithm }>

const MEMBER_NAMES: readonly (keyof PublicMembers)[] = ['kty', 'crv', 'x', 'y', 'n', 'e']

/** @param jwk as the platform exports it, whatever else it holds */
export function publicMembers(jwk: Jwk): PublicMembers {
  const members = MEMBER_NAMES.filter((name) => name in jwk).map((name) => [name, jwk[name]])
  return Object.fromEntries(members) as PublicMembers
}

/** RFC 7638: a key's thumbprint is the SHA-256 of this text, its members in the order of their names. */
export function thumbprintText(members: PublicMembers): string {
  return JSON.stringify(members, ['crv', 'e', 'kty', 'n', 'x', 'y'])
}

/** Of a secret the HMAC of this text is what a thumbprint is of a public key. */
export const SECRET_NAMING_TEXT = 'symbolon kid v1'

/** Kids become file names and parts of configurations (federation §1.3). */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && /^\w{1,64}$/.test(kid)
}

/** A key's name where it has none: hex, since it may become a file name or a command's argument. */
export function kidOf(fingerprintInHex: string): string {
  return fingerprintInHex.slice(0, 16)
}

/**
 * What a JWK says that its key does not bear out, or undefined (KEY-08).
 *
 * @param members of the key itself; of a secret only `kty`
 */
export function jwkProblem(jwk: Jwk, alg: Algorithm, members: PublicMembers): string | undefined {
  const { alg: stated = alg, use = 'sig', key_ops: operations, kid } = jwk
  // RFC 9864 renames EdDSA with this curve; Web Crypto exports the new name.
  if (stated !== alg && !(alg === 'EdDSA' && stated === 'Ed25519')) {
    return `names another algorithm than ${alg}, the one for such a key`
  }
  if (use !== 'sig') return 'has a "use" other than "sig"'
  const isPublic = jwk.kty !== 'oct' && jwk.d === undefined
  if (operations !== undefined && !permits(operations, isPublic ? 'verify' : 'sign')) {
    return 'has "key_ops" other than to sign and verify'
  }
  if (kid !== undefined && !isKid(kid)) {
    return 'has a "kid" other than 1 to 64 of A-Z a-z 0-9 _; leave it out'
  }
  if (MEMBER_NAMES.some((name) => members[name] !== undefined && members[name] !== jwk[name])) {
    return 'has public members of another key, or not in canonical form'
  }
  return undefined
}

function permits(operations: unknown, needed: 'sign' | 'verify'): boolean {
  return (
    Array.isArray(operations) &&
    operations.includes(needed) &&
    operations.every((operation) => operation === 'sign' || operation === 'verify')
  )
}
