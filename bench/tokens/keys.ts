import {
  type KeyObject,
  type webcrypto,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'

export const ALGORITHMS = ['HS256', 'ES256', 'RS256', 'EdDSA'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** One key in the form that each library is fastest with. */
export interface BenchKeys {
  readonly algorithm: Algorithm
  readonly signing: KeyObject
  readonly verifying: KeyObject
  /** For jose, which imports any other form anew or looks it up with every call. */
  readonly signingCryptoKey: webcrypto.CryptoKey
  readonly verifyingCryptoKey: webcrypto.CryptoKey
  /** For fast-jwt, which takes no other. */
  readonly signingText: string | Buffer
  readonly verifyingText: string | Buffer
}

export function makeKeys(algorithm: Algorithm): BenchKeys {
  return algorithm === 'HS256' ? secretKeys() : keyPair(algorithm)
}

function secretKeys(): BenchKeys {
  const secret = createSecretKey(randomBytes(32))
  const cryptoKey = secret.toCryptoKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
  return {
    algorithm: 'HS256',
    signing: secret,
    verifying: secret,
    signingCryptoKey: cryptoKey,
    verifyingCryptoKey: cryptoKey,
    signingText: secret.export(),
    verifyingText: secret.export(),
  }
}

function keyPair(algorithm: Exclude<Algorithm, 'HS256'>): BenchKeys {
  const { generate, webCrypto } = KEY_PAIRS[algorithm]
  const { privateKey, publicKey } = generate()
  return {
    algorithm,
    signing: privateKey,
    verifying: publicKey,
    signingCryptoKey: privateKey.toCryptoKey(webCrypto, false, ['sign']),
    verifyingCryptoKey: publicKey.toCryptoKey(webCrypto, true, ['verify']),
    signingText: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    verifyingText: publicKey.export({ type: 'spki', format: 'pem' }),
  }
}

const KEY_PAIRS = {
  ES256: {
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    webCrypto: { name: 'ECDSA', namedCurve: 'P-256' },
  },
  RS256: {
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    webCrypto: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  },
  EdDSA: {
    generate: () => generateKeyPairSync('ed25519'),
    webCrypto: { name: 'Ed25519' },
  },
}
