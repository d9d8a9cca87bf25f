// One process of a site whose keys take turns: `app` or `neighbour`. Its clock differs by `skew` ms, goes
// on when the parent says so, and lets it look at the ring file when the parent does.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { mock } from 'node:test'
import { withSession } from '../../src/adapters/node.ts'
import { createSessions } from '../../src/sessions.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { createVerifier } from '../../src/verify/index.ts'

export const ISSUER = 'https://app.example'
/** How long a session lives unused. */
export const IDLE = '6h'

/** What a parent sends; each message is answered by one. */
export type Order = { readonly ahead: number } | { readonly look: true }

const POLL_MS = 10_000

if (process.argv[1] === import.meta.filename) {
  const [role = '', folder = '', skew = '', ...apps] = process.argv.slice(2)
  mock.timers.enable({ apis: ['setInterval'] })
  let ahead = 0
  const now = (): number => Date.now() + Number(skew) + ahead
  const answer = role === 'app' ? app(folder, now) : neighbour(apps, now)
  const server = createServer(answer).listen(0, '127.0.0.1', () => {
    process.send!((server.address() as AddressInfo).port)
  })
  process.on('message', (order: Order) => {
    if ('ahead' in order) ahead = order.ahead
    else if ('look' in order) mock.timers.tick(POLL_MS)
    process.send!('done')
  })
}

function app(folder: string, now: () => number): RequestListener {
  const sessions = createSessions({
    keys: { file: join(folder, 'ring.json') },
    issuer: ISSUER,
    idle: IDLE,
    absolute: '60d',
    store: sqlite({ file: join(folder, 'sessions.db'), now }),
    now,
  })
  const listener = withSession(sessions, async (request, response) => {
    const [, user] = /^\/login\?user=(.+)/.exec(request.url ?? '') ?? []
    if (user !== undefined) await request.session.login({ id: user })
    response.end(request.auth?.sub ?? 'nobody')
  })
  return (request, response) =>
    sessions.wellKnown(request, response, () => listener(request, response))
}

/** Asks one app process or the other for the keys; of logouts it hears nothing. */
function neighbour(apps: readonly string[], now: () => number): RequestListener {
  let turn = 0
  const verify = createVerifier({
    app: ISSUER,
    revocations: false,
    now,
    fetch: (address, init) => fetch(address.replace(ISSUER, apps[turn++ % apps.length]!), init),
  })
  return (request, response) =>
    void verify.check(request).then(({ claims, reason }) => response.end(claims?.sub ?? reason))
}
