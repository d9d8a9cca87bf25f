import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { KEY_TEXT, MIN_SECRET_BYTES } from './key-text.ts'

const MIN_DISTINCT_BYTES = 8
const LONGEST_PATTERN = 16
const MIN_CHARACTERS_OF_ITS_OWN = 8

const FILE_NAME = /\.(?:pem|key|pub|crt|cer|der|p8|p12|pfx|json|jwks?|txt|env)$|^file:|^https?:/i
/** No base64 has both a slash and one of these. */
const PATH = /^(?:\.{0,2}|~)\/[\w./-]*[._-][\w./-]*$/
/** RSA Data Security's object identifiers, also of encrypted keys. */
const PKCS = Buffer.from('2a864886f70d01', 'hex')

/** Of such words the secrets in examples and templates are made. */
const PLACEHOLDER_WORDS = new RegExp(
  'abcdefghijklmnopqrstuvwxyz|01234567890?|123456789|passphrase|production|development|characters|' +
    'character|password|changeme|keyboard|insecure|sessions|session|example|replace|default|testing|' +
    'secrets|minimum|random|please|secret|string|change|cookie|should|secure|tokens|token|super|' +
    'least|value|chars|long|must|some|that|this|here|with|your|very|test|todo|keys|bits|byte|jwt|' +
    'key|bit|cat|dev|for|not|use|the|and|my|me|at|be|in|is|of|to|an|a',
  'gi',
)

/**
 * What is wrong with a secret, or undefined (R20, KEY-01..04). A key text by mistake taken for a
 * secret is the oldest hole of JWT libraries: what signs is then what is published.
 */
export function secretProblem(secret: Buffer): string | undefined {
  const weakness = weaknessOf(secret, textOf(secret))
  return (
    secretMistake(secret) ?? (weakness && `${weakness}; make one with \`openssl rand -base64 32\``)
  )
}

/** What was taken for a secret and is none, or undefined. */
export function secretMistake(secret: Buffer): string | undefined {
  const text = textOf(secret)
  if (holdsKey(secret, text)) {
    return 'is or holds a PEM, JWK or SSH key; a PEM text must begin with -----BEGIN and a JWK with {'
  }
  if (FILE_NAME.test(text) || PATH.test(text) || existsSync(text)) {
    return 'is a file name or an address; for the content of a file give { file }'
  }
  return undefined
}

function textOf(secret: Buffer): string {
  return secret.toString('latin1').replaceAll('\0', '')
}

function weaknessOf(secret: Buffer, text: string): string | undefined {
  if (secret.length < MIN_SECRET_BYTES) return `is shorter than ${MIN_SECRET_BYTES} bytes`
  if (new Set(secret).size < MIN_DISTINCT_BYTES) return 'has too few different characters'
  if (isRepeated(text)) return 'repeats a short pattern'
  if (isPlaceholder(text)) return 'is a placeholder'
  return undefined
}

function holdsKey(secret: Buffer, text: string): boolean {
  const decoded = [Buffer.from(text, 'base64'), Buffer.from(text, 'hex')]
  return [secret, ...decoded].some((bytes) => hasKeyText(bytes) || isDerKey(bytes))
}

function hasKeyText(bytes: Buffer): boolean {
  return KEY_TEXT.test(bytes.toString('latin1').replaceAll('\0', ''))
}

/** A PEM without its first and last line is such bytes in base64. */
function isDerKey(key: Buffer): boolean {
  const SEQUENCE = 0x30
  if (key[0] !== SEQUENCE) return false
  return (
    key.includes(PKCS) ||
    parses(() => new X509Certificate(key)) ||
    parses(() => createPublicKey({ key, format: 'der', type: 'spki' })) ||
    parses(() => createPublicKey({ key, format: 'der', type: 'pkcs1' })) ||
    parses(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' })) ||
    parses(() => createPrivateKey({ key, format: 'der', type: 'pkcs1' })) ||
    parses(() => createPrivateKey({ key, format: 'der', type: 'sec1' }))
  )
}

function parses(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}

function isRepeated(text: string): boolean {
  for (let period = 1; period <= LONGEST_PATTERN; period++) {
    if (text.startsWith(text.slice(period))) return true
  }
  return false
}

function isPlaceholder(text: string): boolean {
  const own = text.replaceAll(PLACEHOLDER_WORDS, '').replaceAll(/[\s\p{P}\p{S}]/gu, '')
  return own.length < MIN_CHARACTERS_OF_ITS_OWN
}
