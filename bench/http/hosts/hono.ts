import { type Context, Hono } from 'hono'
import type { RequestListener } from 'node:http'
import { load } from '../load.ts'
import { PATHS, type Peer, routesOf, andThen } from '../words.ts'

export type Fetch = (request: Request, env?: object) => Response | Promise<Response>
export type HonoPeer = Peer<Hono, Context> & {
  /** Of a library that stands around the app's fetch handler. */
  readonly around?: (fetch: Fetch) => Fetch
}

export function honoApp({ mount, words, around = (fetch) => fetch }: HonoPeer): RequestListener {
  const app = new Hono()
  mount?.(app)
  const routes = routesOf(words)
  for (const path of PATHS) {
    app.get(`/${path}`, (context) =>
      andThen(routes[path](context), (answer) => context.json(answer)),
    )
  }
  app.post('/login', async (context) => context.json(await routes.login(context)))
  const { getRequestListener } = load('@hono/node-server') as {
    getRequestListener: (fetch: Fetch) => RequestListener
  }
  return getRequestListener(around((request, env) => app.fetch(request, env)))
}
