import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
import express, { type Express, type Request, type RequestHandler } from 'express'
import { createSessions, type Store } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { memory } from 'symbolon/stores/memory'
import { sqlite } from 'symbolon/stores/sqlite'

export const SERVERS = ['bare', 'express-session', 'memory', 'sqlite'] as const
export type Server = (typeof SERVERS)[number]

/** What all of the apps keep in a session, beside the user. */
interface Data {
  theme?: string
  visits?: number
}

/** Who logs in. */
interface User {
  readonly id: string
  readonly roles: readonly string[]
}

/** How one library says the things that an app says. */
interface Words {
  readonly middleware?: RequestHandler
  readonly login: (request: Request, user: User) => unknown
  readonly userId: (request: Request) => string | undefined
  readonly data: (request: Request) => Data
}

/**
 * The same app over each session library, and over none.
 *
 * @param file where SQLite may keep its rows
 * @param rows how many other sessions there are in it
 */
export function createApp(server: Server, file: string, rows: number): Express {
  const { middleware, login, userId, data } = WORDS[server](file, rows)
  const app = express()
  if (middleware !== undefined) app.use(middleware)
  app.post('/login/:id', async (request, response) => {
    await login(request, { id: request.params.id, roles: ['editor', 'billing'] })
    Object.assign(data(request), { theme: 'dark', visits: 0 })
    response.json({ value: 'welcome' })
  })
  app.get('/identity', (request, response) => {
    response.json({ value: userId(request) ?? 'nobody' })
  })
  app.get('/read', (request, response) => {
    response.json({ value: data(request).theme })
  })
  app.get('/write', (request, response) => {
    const session = data(request)
    session.visits = (session.visits ?? 0) + 1
    response.json({ value: session.visits })
  })
  return app
}

const WORDS: Readonly<Record<Server, (file: string, rows: number) => Words>> = {
  bare: () => ({ login: () => undefined, userId: () => '7', data: () => ({ theme: 'dark' }) }),
  'express-session': expressSession,
  memory: () => ours(memory()),
  sqlite: (file, rows) => ours(filledSqlite(file, rows)),
}

function ours(store: Store): Words {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const fields = [
    ['id', 'uid', 'userId'],
    ['roles', 'r', 'roles'],
  ] as const
  const sessions = createSessions({ keys: privateKey, fields, store })
  return {
    middleware: sessionMiddleware(sessions) as RequestHandler,
    login: (request, user) => request.session.login(user),
    userId: (request) => request.auth?.['userId'],
    data: (request) => request.session as Data,
  }
}

/** With the options that its documentation advises, and the store that it comes with. */
function expressSession(): Words {
  // Has no types of its own.
  const session = createRequire(import.meta.url)('express-session') as (
    options: object,
  ) => RequestHandler
  const secret = randomBytes(32).toString('hex')
  return {
    middleware: session({ secret, resave: false, saveUninitialized: false }),
    login: (request, user) => Object.assign(request.session, { user }),
    userId: (request) => (request.session as { user?: User }).user?.id,
    data: (request) => request.session as Data,
  }
}

/** Rows as `login` leaves them, by one statement instead of as many synchronous commits. */
function filledSqlite(file: string, rows: number): Store {
  const store = sqlite({ file })
  const database = new DatabaseSync(file)
  const claims = '{"uid":"7","r":["editor","billing"]}'
  const data = '{"theme":"dark","visits":0}'
  const now = Date.now()
  database
    .prepare(
      `WITH RECURSIVE row (number) AS
         (SELECT 1 UNION ALL SELECT number + 1 FROM row WHERE number < ?)
       INSERT INTO symbolon_sessions (id, version, user_id, claims, data, created, expires)
       SELECT randomblob(32), lower(hex(randomblob(16))), number, ?, ?, ?, ? FROM row`,
    )
    .run(rows, claims, data, now, now + 14 * 86_400_000)
  database.close()
  return store
}
