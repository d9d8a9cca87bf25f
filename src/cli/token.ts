import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Duration, milliseconds } from '../duration.ts'
import { newId } from '../session/profile.ts'
import { isPlainObject } from '../token/claim-values.ts'
import type { KeySpec } from '../token/key.ts'
import { createKeyRing } from '../token/key-ring.ts'
import { createTokens } from '../token/token.ts'
import { type Command, readArguments } from './command.ts'
import { algorithmNamed, generateKey } from './keygen.ts'
import { pemOf } from './keys.ts'

const OPTIONS = {
  alg: { type: 'string', default: 'ES256' },
  keys: { type: 'string' },
  claims: { type: 'string', default: '{}' },
  user: { type: 'string' },
  expires: { type: 'string', default: '15m' },
  issuer: { type: 'string' },
  audience: { type: 'string' },
  'session-field': { type: 'string', default: 'sk' },
  out: { type: 'string' },
} as const

export const tokenCommand: Command = {
  usage: `  symbolon token                    prints a token of no session, for the tests of a service that reads them
      --claims '{"uid":1}'          what it says of its user
      --user <id>                   its sub
      --expires 15m                 its life; -5m for one that expired five minutes ago
      --issuer <url>, --audience <text>, --session-field <name>
      --alg <name>                  of a new key: ES256 (default), RS256, EdDSA or HS256
      --keys <file>                 signs by this key instead
      --out <folder>                writes token.txt, and jwks.json, public.pem, key.json of a new key
                                    (of HS256: secret.txt)
`,
  run(args) {
    const { values } = readArguments(args, OPTIONS, 0)
    const { keys: file, out } = values
    const made = file === undefined ? newKey(values.alg) : { key: { file }, files: {} }
    const token = tokenOf(made.key, values)
    if (out !== undefined) writeAll(out, { ...made.files, 'token.txt': token })
    return `${token}\n`
  },
}

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values']
type Files = Readonly<Record<string, string>>

/** A throw-away key, in the forms that test suites of any language read. */
function newKey(name: string): { key: KeySpec; files: Files } {
  const alg = algorithmNamed(name)
  if (alg === 'HS256') {
    // Libraries disagree on JWKs of secrets; the bytes of a printable text all understand.
    const secret = randomBytes(32).toString('base64url')
    return { key: secret, files: { 'secret.txt': secret } }
  }
  const key = generateKey(alg)
  const jwks = createKeyRing(key).trusted.jwks()
  const [published] = jwks.keys
  const files = { 'key.json': JSON.stringify(key), 'jwks.json': JSON.stringify(jwks) }
  return { key, files: published ? { ...files, 'public.pem': pemOf(published) } : files }
}

function tokenOf(key: KeySpec, values: Values): string {
  const { user: userId, issuer, audience, 'session-field': sessionField } = values
  const ring = createKeyRing(key)
  const tokens = createTokens({ ring, issuer, audience, sessionField })
  const contents = { id: newId(), userId, claims: claimsText(values.claims), ...timesOf(values) }
  if (!tokens.accepts(contents)) {
    throw new Error(
      'no reader takes such a token: --claims may not name sub, iat, exp and the like',
    )
  }
  return tokens.issue(contents) as string
}

function claimsText(text: string): string {
  const claims: unknown = JSON.parse(text)
  if (!isPlainObject(claims)) throw new Error('--claims must be the JSON of an object')
  return JSON.stringify(claims)
}

/** A token that has expired was issued a whole life before that. */
function timesOf({ expires }: Values): { issuedAt: number; expires: number } {
  const past = expires.startsWith('-')
  const life = milliseconds(expires.replace('-', '') as Duration, '--expires')
  const end = past ? Date.now() - life : Date.now() + life
  return { issuedAt: past ? end - life : Date.now(), expires: end }
}

function writeAll(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  }
}
