// One process of an app: opens the SQLite file named, publishes its documents, and logs out whom the
// parent names. Speaks by messages: { port } at start, { out: ms } when a logout was acknowledged.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions } from '../../src/sessions.ts'
import { sqlite } from '../../src/stores/sqlite.ts'

const [file = '', key = '', issuer = ''] = process.argv.slice(2)
const sessions = createSessions({ keys: key, fields: ['id'], issuer, store: sqlite({ file }) })
const server = createServer((request, response) => sessions.wellKnown(request, response))
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))

process.on('message', (message: { cookie?: string; user?: string }) => void end(message))
process.once('disconnect', () => process.exit())

async function end({ cookie, user }: { cookie?: string; user?: string }): Promise<void> {
  if (cookie !== undefined) {
    const visit = await sessions.open({ cookie, method: 'POST', navigation: false })
    await visit.logout()
  } else if (user !== undefined) await sessions.revokeAll(user)
  process.send!({ out: performance.timeOrigin + performance.now() })
}
