import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import type { ConnectStore } from '../../src/stores/connect.ts'

/** For packages that bring no types. */
export const require: NodeJS.Require = createRequire(import.meta.url)

/** A store of express-session's simplest form: it calls back at once, and cannot touch. */
export function synchronousStore(): ConnectStore & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>()
  return {
    texts,
    get(id, callback) {
      const text = texts.get(id)
      callback(null, text === undefined ? null : JSON.parse(text))
    },
    set(id, session, callback) {
      texts.set(id, JSON.stringify(session))
      callback()
    },
    destroy(id, callback) {
      texts.delete(id)
      callback()
    },
  }
}

/** What a request of an app with express-session does with its session. */
type Handler = (session: any) => unknown

const SECRET = 'as the app had it'

/** An app with express-session itself, whose cookies live ten minutes, and requests of it. */
export async function expressSessionApp(
  context: TestContext,
  store: ConnectStore,
  cookie: object = { maxAge: 600_000, sameSite: 'strict' },
) {
  const session = require('express-session')
  const options = { secret: SECRET, resave: false, saveUninitialized: false }
  const middleware = session({ ...options, store, cookie })
  let handler: Handler
  const listener: RequestListener = (request, response) =>
    middleware(request, response, async () => {
      const { session: current } = request as unknown as { session: unknown }
      response.end(JSON.stringify((await handler(current)) ?? null))
    })
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const { port } = server.address() as { port: number }

  /** A request with the cookie of this session; what the handler answers. */
  return async (id: string | undefined, handle: Handler): Promise<any> => {
    handler = handle
    const headers: Record<string, string> = id === undefined ? {} : { cookie: signed(id) }
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
    return response.json()
  }
}

function signed(id: string): string {
  const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
}
