#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { explain } from './explain.ts'
import { DEFAULT_KEY_FILE, keygen } from './keygen.ts'

const USAGE = `symbolon: sessions whose cookie is a JWT

  symbolon keygen [file]            makes a signing key (ES256); default ${DEFAULT_KEY_FILE}
  symbolon explain <cookie | ->     shows what a cookie says and why it is or is not believed;
                                    '-' reads it from standard input, which leaves no trace in the shell
      --keys <file>                 the app's key file; default ${DEFAULT_KEY_FILE} if it is there
      --session-field <name>        the claim of the session's id; default sk
      --issuer <url>, --audience <text>
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    keys: { type: 'string' },
    'session-field': { type: 'string' },
    issuer: { type: 'string' },
    audience: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

function run([command, argument, ...rest]: string[]): string {
  if (values.help === true || command === undefined) return USAGE
  if (rest.length > 0) throw new Error(`too many arguments\n\n${USAGE}`)
  if (command === 'keygen') return keygen(argument)
  if (command === 'explain' && argument !== undefined) return explainCookie(argument)
  throw new Error(`unknown command\n\n${USAGE}`)
}

function explainCookie(argument: string): string {
  const { keys, 'session-field': sessionField, issuer, audience } = values
  const file = keys ?? (existsSync(DEFAULT_KEY_FILE) ? DEFAULT_KEY_FILE : undefined)
  return explain(argument === '-' ? readFileSync(0, 'utf8') : argument, {
    now: Date.now(),
    ...(file !== undefined && { keys: { file } }),
    ...(sessionField !== undefined && { sessionField }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  })
}

try {
  process.stdout.write(run(positionals))
} catch (error) {
  process.stderr.write(`symbolon: ${(error as Error).message}\n`)
  process.exitCode = 1
}
