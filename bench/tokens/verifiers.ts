import { createRequire } from 'node:module'
import { createVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import { timeProblem } from '../../dist/token/claims.js'
import { createKeyRing } from '../../dist/token/key-ring.js'
import { createTokens } from '../../dist/token/token.js'
import {
  AT_ONCE,
  BY_HAND,
  type Contestant,
  CRYPTO_CALL,
  FAST_JWT,
  FAST_JWT_KNOWN,
  JOSE,
  JOSE_AT_ONCE,
  JSONWEBTOKEN,
  OURS,
  OURS_KNOWN,
  isOffered,
} from './contestants.ts'
import type { BenchKeys } from './keys.ts'
import { nodeCrypto } from './node-crypto.ts'

const LIMITS = { tolerance: 0, tokenLife: 900_000 }
/** So many tokens go round where they are to be found in a cache, which has room for more. */
const KNOWN = 64
const KNOWN_CACHE = 1024

// Has no types of its own.
const jsonwebtoken = createRequire(import.meta.url)('jsonwebtoken') as {
  verify(token: string, key: unknown, options: object): unknown
}

/**
 * Everything that verifies tokens in Node, with the same keys and tokens.
 *
 * @param tokens more than `KNOWN`: our cache holds half of them, so that in turn each is forgotten
 * before it comes again, at the full cost of the cache
 */
export function verifiers(keys: BenchKeys, tokens: readonly string[]): Contestant[] {
  const token = (index: number): string => tokens[index % tokens.length]!
  const known = (index: number): string => tokens[index % KNOWN]!
  const { algorithm, verifying, verifyingCryptoKey } = keys
  const algorithms = [algorithm]

  const ours = oursOn(keys, Math.ceil(tokens.length / 2))
  const oursKnown = oursOn(keys, KNOWN_CACHE)
  const fastJwt = createVerifier({ key: keys.verifyingText, algorithms, cache: false })
  const fastJwtKnown = createVerifier({ key: keys.verifyingText, algorithms, cache: KNOWN_CACHE })
  const jose = (index: number): unknown =>
    jwtVerify(token(index), verifyingCryptoKey, { algorithms })

  const contestants: Contestant[] = [
    { name: OURS, run: (index) => ours(token(index)) },
    { name: OURS_KNOWN, run: (index) => oursKnown(known(index)) },
    { name: FAST_JWT, run: (index) => fastJwt(token(index)) },
    { name: FAST_JWT_KNOWN, run: (index) => fastJwtKnown(known(index)) },
    { name: JOSE, run: jose, atOnce: 1 },
    { name: JOSE_AT_ONCE, run: jose, atOnce: AT_ONCE },
    {
      name: JSONWEBTOKEN,
      run: (index) => jsonwebtoken.verify(token(index), verifying, { algorithms }),
    },
    cryptoCall(keys, tokens),
    byHand(keys, token),
  ]
  return contestants.filter(({ name }) => isOffered(name, algorithm))
}

/** With the check of the token's times, which the app leaves to the record and others do here. */
function oursOn({ signing }: BenchKeys, cacheSize: number): (token: string) => void {
  const tokens = createTokens({ ring: createKeyRing(signing), sessionField: 'sk', cacheSize })
  return function read(token) {
    const result = tokens.read(token)
    if (typeof result === 'string') throw new Error(result)
    if (timeProblem(result, Date.now(), LIMITS) !== undefined) throw new Error('time')
  }
}

/** The one call, on bytes that lie ready. */
function cryptoCall(keys: BenchKeys, tokens: readonly string[]): Contestant {
  const { verify, signatureOf } = nodeCrypto(keys)
  const ready = tokens.map((token) => {
    const dot = token.lastIndexOf('.')
    return { text: Buffer.from(token.slice(0, dot)), signature: signatureOf(token.slice(dot + 1)) }
  })
  return {
    name: CRYPTO_CALL,
    run(index) {
      const { text, signature } = ready[index % ready.length]!
      if (!verify(text, signature)) throw new Error('signature')
    },
  }
}

/** The call, and what cannot be done without around it: nothing is checked but the signature. */
function byHand(keys: BenchKeys, token: (index: number) => string): Contestant {
  const { verify, signatureOf } = nodeCrypto(keys)
  return {
    name: BY_HAND,
    run(index) {
      const text = token(index)
      const dot = text.lastIndexOf('.')
      const signature = signatureOf(text.slice(dot + 1))
      if (!verify(Buffer.from(text.slice(0, dot)), signature)) throw new Error('signature')
      const payload = Buffer.from(text.slice(text.indexOf('.') + 1, dot), 'base64url')
      return JSON.parse(payload.toString())
    },
  }
}
