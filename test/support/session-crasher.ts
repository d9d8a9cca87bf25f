// Carries out one operation of the core on an SQLite file, and ends without a word at a given point.
import { writeSync } from 'node:fs'
import type { Store } from '../../src/session/record.ts'
import { createSessions } from '../../src/sessions.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Browser } from './browser.ts'

export type CrashPoint = 'after end' | 'after create' | 'after mark' | 'never'

const [, , file, operation, point] = process.argv as [string, string, string, string, CrashPoint]

const store = sqlite({ file })
store.changes(({ kind }) => {
  if (kind === 'user') crashIf('after mark')
})
let armed = false
const crashing: Store = {
  ...store,
  end: (id, seen) => {
    const answer = store.end(id, seen)
    crashIf('after end')
    return answer
  },
  create: (id, record) => {
    writeSync(1, `${id}\n`)
    const answer = store.create(id, record)
    crashIf('after create')
    return answer
  },
}
const sessions = createSessions({
  keys: 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe',
  store: crashing,
})

if (operation === 'revokeAll') {
  armed = true
  process.send?.('begun')
  await sessions.revokeAll('ada')
  process.send?.('done')
} else {
  const browser = new Browser(sessions)
  await browser.request((visit) => void (visit.session['cart'] = [1]))
  armed = true
  await browser.request(async ({ session }) => {
    if (operation === 'login') await session.login({ id: 'ada' }, { keep: ['cart'] })
    else await session.regenerate({ keep: ['cart'] })
  })
}
process.exit()

function crashIf(here: CrashPoint): void {
  if (armed && here === point) process.kill(process.pid, 'SIGKILL')
}
