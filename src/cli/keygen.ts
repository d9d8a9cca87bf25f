import { generateKeyPairSync, randomBytes, type KeyPairKeyObjectResult } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Jwk } from '../token/jwk.ts'
import { type Algorithm, importKey } from '../token/key.ts'
import { type Command, readArguments } from './command.ts'

export const DEFAULT_KEY_FILE = 'session.key.json'

export const keygenCommand: Command = {
  usage: `  symbolon keygen [file]            makes a signing key (ES256); default ${DEFAULT_KEY_FILE}
`,
  run: (args) => keygen(...readArguments(args, {}, 1).positionals),
}

/** A new private JWK; by default of the algorithm that every verifier reads (federation §1). */
export function generateKey(alg: Algorithm = 'ES256'): Jwk & { readonly kid: string } {
  const jwk = GENERATORS[alg]()
  return { ...jwk, kid: importKey(jwk).kid, alg, use: 'sig' }
}

const GENERATORS: Record<Algorithm, () => Jwk> = {
  HS256: () => ({ kty: 'oct', k: randomBytes(32).toString('base64url') }),
  ES256: () => jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  RS256: () => jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  EdDSA: () => jwkOf(generateKeyPairSync('ed25519')),
}

function jwkOf({ privateKey }: KeyPairKeyObjectResult): Jwk {
  return privateKey.export({ format: 'jwk' })
}

/** @throws Error if the text names no algorithm of ours */
export function algorithmNamed(text: string): Algorithm {
  if (Object.hasOwn(GENERATORS, text)) return text as Algorithm
  throw new Error(`--alg is one of ${Object.keys(GENERATORS).join(', ')}`)
}

/** Writes a new key where there is no file yet, readable by its owner alone. */
export function keygen(file: string = DEFAULT_KEY_FILE): string {
  const key = generateKey()
  writeNew(file, `${JSON.stringify(key)}\n`)
  return [
    `Wrote the ES256 key ${key.kid} to ${file}, readable by you alone.`,
    'Keep it out of version control; use it as:',
    '',
    `  createSessions({ keys: { file: '${file}' } })`,
    '',
    'or pass its text, for example as an environment variable:',
    '',
    `  SESSION_KEY="$(cat ${file})"   and   createSessions({ keys: process.env.SESSION_KEY })`,
    '',
  ].join('\n')
}

function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`${file} exists, and a key is never overwritten; name another file`, {
      cause: error,
    })
  }
}
