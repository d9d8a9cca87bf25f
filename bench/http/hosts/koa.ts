import type { RequestListener } from 'node:http'
import { load } from '../load.ts'
import { type Peer, type Routes, routesOf } from '../words.ts'

/** What of a Koa context is used here. */
export interface KoaContext {
  readonly path: string
  body: unknown
  session: object | null
}

type Middleware = (context: KoaContext, next: () => Promise<void>) => unknown

export interface Koa {
  keys: readonly string[]
  use(middleware: Middleware): void
  callback(): RequestListener
}

export type KoaPeer = Peer<Koa, KoaContext>

export function koaApp({ mount, words }: KoaPeer): RequestListener {
  const app = new (load('koa') as { default: new () => Koa }).default()
  mount?.(app)
  const routes = routesOf(words)
  // Koa has no router of its own.
  app.use(async (context) => {
    context.body = await routes[context.path.slice(1) as keyof Routes<KoaContext>](context)
  })
  return app.callback()
}
