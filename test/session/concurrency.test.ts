import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { connect } from '../../src/stores/connect.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { testConcurrency } from '../support/concurrent-requests.ts'
import { require, synchronousStore } from '../support/express-session.ts'
import { slow } from '../support/stores.ts'

const { MemoryStore } = require('express-session')
const folder = mkdtempSync(join(tmpdir(), 'symbolon-'))
after(() => rmSync(folder, { recursive: true, force: true }))

testConcurrency('memory', () => memory())
testConcurrency('memory, by promises', () => slow(memory()))
testConcurrency('memory, by promises, remembered', () => slow(memory()), {
  logouts: 2000,
  maxStale: 10_000,
})
testConcurrency('sqlite', () => sqlite({ file: join(folder, `${Math.random()}.db`) }))
testConcurrency('connect() on MemoryStore', () => connect(new MemoryStore()), {
  logouts: 1000,
  increments: 5,
})
testConcurrency('connect() on a store that answers at once', () => connect(synchronousStore()), {
  logouts: 1000,
  increments: 5,
})
