import { createRequire } from 'node:module'
import { createSigner } from 'fast-jwt'
import { SignJWT } from 'jose'
import { createKeyRing } from '../../dist/token/key-ring.js'
import { createTokens } from '../../dist/token/token.js'
import type { BenchKeys } from './keys.ts'
import { nodeCrypto } from './node-crypto.ts'
import {
  AT_ONCE,
  type Contestant,
  CRYPTO_CALL,
  FAST_JWT,
  JOSE,
  JOSE_AT_ONCE,
  JSONWEBTOKEN,
  OURS,
  isOffered,
} from './contestants.ts'

/** What every token says. */
export interface Payload {
  readonly sk: string
  readonly iat: number
  readonly exp: number
  readonly sub: string
  readonly uid: number
  readonly roles: readonly string[]
}

// Has no types of its own.
const jsonwebtoken = createRequire(import.meta.url)('jsonwebtoken') as {
  sign(payload: object, key: unknown, options: object): string
}

/** Signs as the app does at login: the claims become text first. */
export function ourSigner({ signing }: BenchKeys): (payload: Payload) => string {
  const tokens = createTokens({ ring: createKeyRing(signing), sessionField: 'sk' })
  return function issue({ sk, iat, exp, sub, uid, roles }) {
    const claims = JSON.stringify({ uid, roles })
    const times = { issuedAt: iat * 1000, expires: exp * 1000 }
    return tokens.issue({ id: sk, userId: sub, claims, ...times }) as string
  }
}

/** Everything that signs tokens in Node, with the same keys and payloads. */
export function signers(keys: BenchKeys, payloads: readonly Payload[]): Contestant[] {
  const payload = (index: number): Payload => payloads[index % payloads.length]!
  const { algorithm, signing, signingCryptoKey, signingText } = keys
  const header = { alg: algorithm, kid: '0123456789abcdef', typ: 'JWT' }
  const ours = ourSigner(keys)
  const fastJwt = createSigner({ key: signingText, algorithm, kid: header.kid })
  const jose = (content: Payload): Promise<string> =>
    new SignJWT({ ...content }).setProtectedHeader(header).sign(signingCryptoKey)
  const options = { algorithm, keyid: header.kid }
  const viaJsonwebtoken = (content: Payload): string =>
    jsonwebtoken.sign({ ...content }, signing, options)
  const contestants: Contestant[] = [
    { name: OURS, run: (index) => ours(payload(index)) },
    { name: FAST_JWT, run: (index) => fastJwt({ ...payload(index) }) },
    { name: JOSE, run: (index) => jose(payload(index)), atOnce: 1 },
    { name: JOSE_AT_ONCE, run: (index) => jose(payload(index)), atOnce: AT_ONCE },
    { name: JSONWEBTOKEN, run: (index) => viaJsonwebtoken(payload(index)) },
    cryptoCall(keys, payloads),
  ]
  return contestants.filter(({ name }) => isOffered(name, algorithm))
}

/** The one call, on text that lies ready. */
function cryptoCall(keys: BenchKeys, payloads: readonly Payload[]): Contestant {
  const { sign } = nodeCrypto(keys)
  const tokens = payloads.map(ourSigner(keys))
  const ready = tokens.map((token) => Buffer.from(token.slice(0, token.lastIndexOf('.'))))
  return { name: CRYPTO_CALL, run: (index) => sign(ready[index % ready.length]!) }
}
