import { mkdirSync, writeFileSync } from 'node:fs'
import { SessionError } from '../errors.ts'
import { isStrict } from '../session/strict.ts'
import type { Store } from '../session/record.ts'
import { storeFromUrl } from './from-url.ts'
import { memory } from './memory.ts'
import { sqlite } from './sqlite.ts'

const FOLDER = '.symbolon'

/** The store that the app gave, or named by a URL, or its default. @throws SessionError `invalid_option` */
export function storeOf(store: Store | string | undefined, now: () => number): Store {
  if (store === undefined) return defaultStore(now)
  return typeof store === 'string' ? storeFromUrl(store, now) : store
}

/** The store of an app that named none: forgotten after a test, kept over restarts in development. */
function defaultStore(now: () => number): Store {
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
