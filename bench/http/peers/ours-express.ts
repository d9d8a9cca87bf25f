import type { RequestListener } from 'node:http'
import type { Sessions } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { expressApp } from '../hosts/express.ts'
import { ourWords } from '../ours.ts'

export function app(sessions: Sessions): RequestListener {
  return expressApp({
    mount: (express) => express.use(sessionMiddleware(sessions)),
    words: ourWords((request) => request),
  })
}
