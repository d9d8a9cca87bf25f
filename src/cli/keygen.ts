import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Jwk } from '../token/jwk.ts'
import { importKey } from '../token/key.ts'

export const DEFAULT_KEY_FILE = 'session.key.json'

/** A new ES256 key as a private JWK: the algorithm that every verifier reads (federation §1). */
export function generateKey(): Jwk & { readonly kid: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = privateKey.export({ format: 'jwk' })
  return { ...jwk, kid: importKey(jwk).kid, alg: 'ES256', use: 'sig' }
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
