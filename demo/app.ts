import { fileURLToPath } from 'node:url'
import express, { type Express } from 'express'
import { createSessions, defineFields } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { sqlite } from 'symbolon/stores/sqlite'
import type { Word } from './django/pages.ts'
import { ownFormsOnly, pageHeaders } from './guard.ts'
import { home, refusal } from './home.ts'
import { notes } from './notes.ts'
import type { Note } from './pages/notes.ts'
import { tokenIn } from './token.ts'
import { type User, authenticate, findUser } from './users.ts'

export interface Settings {
  /** The app's own address. */
  readonly origin: string
  /** The other service's address. */
  readonly service: string
  /** Where the key and the sessions are kept. */
  readonly folder: string
  /** How long services believe a cookie after a logout, in seconds. */
  readonly tokenLife: number
}

declare module 'symbolon' {
  interface Register {
    data: { notes: Note[]; changes: number; oldToken: string | undefined; words: Word[] }
  }
}

export function createApp(settings: Settings): Express {
  const { origin, service, folder, tokenLife } = settings
  const app = express().disable('x-powered-by').set('json spaces', 2)
  app.use(pageHeaders(service))
  app.use(express.static(fileURLToPath(new URL('public', import.meta.url))))
  app.use(ownFormsOnly(origin), express.urlencoded({ limit: '4kb' }))

  // #region the app's part
  const store = sqlite({ file: `${folder}/sessions.db` })
  const sessions = createSessions({
    keys: { file: `${folder}/demo.key.json` },
    fields: defineFields<User>()([
      ['id', 'uid', 'userId'],
      ['name', 'n', 'name'],
      ['roles', 'r', 'roles'],
    ]),
    user: findUser,
    issuer: origin,
    tokenLife: `${tokenLife}s`,
    store,
  })
  app.use(sessions.wellKnown)
  app.use(sessionMiddleware(sessions))

  app.post('/login', async (req, res) => {
    const user = await authenticate(req.body)
    if (user !== undefined) await req.session.login(user)
    res.redirect(303, user === undefined ? refusal(req.body) : '/')
  })
  app.post('/logout', async (req, res) => {
    await req.session.logout()
    req.session.oldToken = tokenIn(req.headers.cookie) // demo only
    res.redirect(303, '/')
  })
  app.get('/whoami', (req, res) => {
    res.status(req.auth ? 200 : 401)
    res.json(req.auth ?? { because: 'no living session' })
  })
  // #endregion

  app.use('/notes', notes())
  app.get('/', home(settings, store))
  return app
}
