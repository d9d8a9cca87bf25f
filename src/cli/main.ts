#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { derive } from './derive.ts'
import { explain, type Explained } from './explain.ts'
import { DEFAULT_KEY_FILE, keygen } from './keygen.ts'

const USAGE = `symbolon: sessions whose cookie is a JWT

  symbolon keygen [file]            makes a signing key (ES256); default ${DEFAULT_KEY_FILE}
  symbolon derive < secret          prints the key that symbolon/express-session signs with by its
                                    secret when it has no keys, for a service that verifies
  symbolon explain <cookie | ->     shows what a cookie says and why it is or is not believed;
                                    '-' reads it from standard input, which leaves no trace in the shell
      --keys <file>                 the app's key file; default ${DEFAULT_KEY_FILE} if it is there
      --session-field <name>        the claim of the session's id; default sk
      --issuer <url>, --audience <text>
`

const OPTIONS = {
  keys: { type: 'string' },
  'session-field': { type: 'string' },
  issuer: { type: 'string' },
  audience: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

try {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: OPTIONS })
  process.stdout.write(run(positionals, values))
} catch (error) {
  process.stderr.write(`symbolon: ${(error as Error).message}\n`)
  process.exitCode = 1
}

interface Values {
  readonly keys?: string
  readonly 'session-field'?: string
  readonly issuer?: string
  readonly audience?: string
  readonly help?: boolean
}

function run([command, argument, ...rest]: string[], values: Values): string {
  if (values.help === true || command === undefined) return USAGE
  if (rest.length > 0) throw new Error(`too many arguments\n\n${USAGE}`)
  if (command === 'keygen') return keygen(argument)
  if (command === 'derive') return derive(readFileSync(0, 'utf8').replace(/\r?\n$/, ''))
  if (command !== 'explain') throw new Error(`unknown command\n\n${USAGE}`)
  if (argument === undefined) throw new Error("explain needs a cookie, or '-' for standard input")
  const { text, genuine } = explainCookie(argument, values)
  if (!genuine) process.exitCode = 1
  return text
}

function explainCookie(argument: string, values: Values): Explained {
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
