import { mkdirSync, writeFileSync } from 'node:fs'
import { SessionError } from '../errors.ts'
import { isStrict } from '../session/options.ts'
import type { Store } from '../session/record.ts'
import { memory } from './memory.ts'
import { sqlite } from './sqlite.ts'

const FOLDER = '.symbolon'

/** The store of an app that named none: forgotten after a test, kept over restarts in development. */
export function defaultStore(now: () => number): Store {
  if (isStrict()) {
    throw new SessionError(
      'invalid_option',
      "store must be named in production, for example sqlite({ file: '/var/lib/app/sessions.db' }); in development set NODE_ENV=development",
    )
  }
  if (process.env['NODE_ENV'] === 'test') return memory({ now })
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  writeFileSync(`${FOLDER}/.gitignore`, '*\n')
  return sqlite({ file: `${FOLDER}/sessions.db`, now })
}
