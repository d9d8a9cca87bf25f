import type { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import express, { type Express, type RequestHandler } from 'express'
import { createSessions } from 'symbolon'
import { django } from 'symbolon/django'
import { sessionMiddleware } from 'symbolon/express'
import { ownFormsOnly } from '../guard.ts'
import { bothPage, halfPage } from './pages.ts'
import { isPassword } from './password.ts'

export interface Shared {
  /** The app's own address, and that of Django. */
  readonly origin: string
  readonly django: string
  /** Django's database. */
  readonly database: DatabaseSync
  /** `SECRET_KEY` of Django, and `KEY` of DJANGO_SESSION_JWT. */
  readonly secretKey: string
  readonly tokenKey: string
}

interface User {
  readonly id: number
  readonly first_name: string
  readonly password: string
}

export function createApp(shared: Shared): Express {
  const { origin, database, secretKey, tokenKey } = shared
  const app = express().disable('x-powered-by')
  app.use(headersOfPages(shared.django))
  for (const folder of ['../public', 'public']) app.use(express.static(path(folder)))
  app.get('/', (_req, res) => void res.send(String(bothPage(shared.django))))
  app.use(ownFormsOnly(origin), express.urlencoded({ limit: '4kb' }))

  const sessions = createSessions(
    django({
      secretKey,
      database,
      jwt: {
        KEY: tokenKey,
        FIELDS: [
          ['id', 'u', 'user_id'],
          ['first_name', 'n', 'name'],
        ],
        EXPIRES: 15 * 60,
      },
    }),
  )
  app.use(sessionMiddleware(sessions))

  app.get('/half', (req, res) => {
    const { refused } = req.query
    const page = halfPage({
      host: new URL(origin).host,
      name: req.auth?.['name'],
      words: req.session.words ?? [],
      refused: typeof refused === 'string' ? refused : undefined,
    })
    res.send(String(page))
  })
  app.post('/login', async (req, res) => {
    const { name = '', password = '' } = req.body as Record<string, unknown>
    const user = await authenticate(database, String(name), String(password))
    if (user !== undefined) await req.session.login(user)
    res.redirect(303, user ? '/half' : `/half?refused=${encodeURIComponent(String(name))}`)
  })
  app.post('/logout', async (req, res) => {
    await req.session.logout()
    res.redirect(303, '/half')
  })
  app.post('/words', (req, res) => {
    const text = String((req.body as Record<string, unknown>)['word'])
    req.session.words = [...(req.session.words ?? []), { text, by: 'Node' }]
    res.redirect(303, '/half')
  })
  return app
}

async function authenticate(
  database: DatabaseSync,
  name: string,
  password: string,
): Promise<User | undefined> {
  const select = 'SELECT id, first_name, password FROM auth_user WHERE username = ? AND is_active'
  const user = database.prepare(select).get(name) as User | undefined
  return user && (await isPassword(password, user.password)) ? user : undefined
}

function headersOfPages(site: string): RequestHandler {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    `frame-src 'self' ${site}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; ')
  return (_req, res, next) => {
    res.set('Content-Security-Policy', policy)
    next()
  }
}

function path(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
