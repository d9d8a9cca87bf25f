import type { Algorithm } from './keys.ts'

/** One way of doing the same thing. */
export interface Contestant {
  readonly name: string
  /** Does it with the token or payload of this number; throws, or rejects, if it is refused. */
  readonly run: (index: number) => unknown
  /** Of an asynchronous library: how many calls are under way at once. */
  readonly atOnce?: number
}

export const OURS = 'ours'
export const OURS_KNOWN = 'ours, token seen before'
export const FAST_JWT = 'fast-jwt'
export const FAST_JWT_KNOWN = 'fast-jwt, token in its cache'
export const JOSE = 'jose'
export const JOSE_AT_ONCE = 'jose, 64 calls at once'
export const JSONWEBTOKEN = 'jsonwebtoken'
export const CRYPTO_CALL = 'node:crypto call alone'
export const BY_HAND = 'the call, split and JSON.parse'

/** jose is asynchronous: a server has it do several at a time, which is cheaper than one by one. */
export const AT_ONCE = 64

/** jsonwebtoken knows no EdDSA. */
export function isOffered(contestant: string, algorithm: Algorithm): boolean {
  return contestant !== JSONWEBTOKEN || algorithm !== 'EdDSA'
}
