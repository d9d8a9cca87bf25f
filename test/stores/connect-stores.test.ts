// Stores for express-session that need no server, as apps use them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { testConnect } from '../support/connect-suite.ts'
import { require, synchronousStore } from '../support/express-session.ts'

const session = require('express-session')
const Database = require('better-sqlite3')
const createKnex = require('knex')
const { ConnectSessionKnexStore } = require('connect-session-knex')
const LruStore = require('memorystore')(session)
const FileStore = require('session-file-store')(session)
const SqliteStore = require('better-sqlite3-session-store')(session)

const modest = { histories: 50, logouts: 500 }
const slow = { 'RAC-09': 'takes a minute where each answer comes a turn of the event loop later' }

testConnect('a store that answers at once', () => ({ store: synchronousStore() }))

testConnect('MemoryStore of express-session', () => ({ store: new session.MemoryStore() }), {
  ...modest,
  except: slow,
})

testConnect('memorystore', () => ({ store: new LruStore() }), { ...modest, except: slow })

testConnect(
  'session-file-store',
  () => {
    const path = mkdtempSync(join(tmpdir(), 'symbolon-store-'))
    const store = new FileStore({ path, retries: 0, reapInterval: -1 })
    return { store, close: () => rmSync(path, { recursive: true }) }
  },
  { ...modest, except: { ...slow, 'unknown id': 'an id is a file name, of 255 bytes at most' } },
)

testConnect(
  'better-sqlite3-session-store',
  () => {
    const client = new Database(':memory:')
    client.function('datetime', (text: string) => (text === 'now' ? '2000-01-01' : text))
    // It cleans up by an interval that keeps the process alive.
    const interval = mock.method(globalThis, 'setInterval', () => undefined)
    const store = new SqliteStore({ client })
    interval.mock.restore()
    return { store, close: () => client.close() }
  },
  modest,
)

testConnect(
  'connect-session-knex',
  () => {
    const knex = createKnex({
      client: 'better-sqlite3',
      connection: { filename: ':memory:' },
      useNullAsDefault: true,
    })
    const store = new ConnectSessionKnexStore({ knex, cleanupInterval: 0 })
    return { store, close: () => knex.destroy() }
  },
  { ...modest, except: slow },
)
