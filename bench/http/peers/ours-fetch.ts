import type { Context } from 'hono'
import type { RequestListener } from 'node:http'
import type { Sessions } from 'symbolon'
import { withSession } from 'symbolon/fetch'
import { honoApp } from '../hosts/hono.ts'
import { type SessionHolder, ourWords } from '../ours.ts'

/** Around the app, which finds what it is given in its environment. */
export function app(sessions: Sessions): RequestListener {
  return honoApp({
    around: (fetch) => withSession(sessions, (request, context) => fetch(request, context)),
    words: ourWords((context: Context) => context.env as SessionHolder),
  })
}
