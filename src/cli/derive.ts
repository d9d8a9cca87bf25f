import { readFileSync } from 'node:fs'
import { derivedKey } from '../express-session/secrets.ts'
import { importKey } from '../token/key.ts'
import { type Command, readArguments } from './command.ts'

export const deriveCommand: Command = {
  usage: `  symbolon derive < secret          prints the key that symbolon/express-session signs with by its
                                    secret when it has no keys, for a service that verifies
`,
  run(args) {
    readArguments(args, {}, 0)
    return derive(readFileSync(0, 'utf8').replace(/\r?\n$/, ''))
  },
}

/**
 * The key that the drop-in signs tokens with when it is given no `keys`, for a neighbour that is
 * trusted with issuing too: whoever can verify by a shared secret can also sign (R22).
 *
 * @returns a JWK in one line
 */
function derive(secret: string): string {
  if (secret === '') throw new Error('derive needs the secret of the session middleware')
  const key = derivedKey(secret)
  const jwk = { kty: 'oct', k: key.toString('base64url'), kid: importKey(key).kid, alg: 'HS256' }
  return `${JSON.stringify({ ...jwk, use: 'sig' })}\n`
}
