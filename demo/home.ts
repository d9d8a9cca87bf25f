import type { Request, RequestHandler } from 'express'
import type { Store } from 'symbolon'
import type { Settings } from './app.ts'
import { ask } from './ask.ts'
import { accountPage } from './pages/account.ts'
import { farewellPage } from './pages/farewell.ts'
import type { Html } from './pages/html.ts'
import { welcomePage } from './pages/welcome.ts'
import { lookAt, tokenIn } from './token.ts'
import { LOGINS } from './users.ts'

/** Where a refused login leads: to the form, which keeps the name. */
export function refusal({ name }: Record<string, unknown> = {}): string {
  return `/?refused=${encodeURIComponent(typeof name === 'string' ? name : '')}`
}

function refusedName({ refused }: Request['query']): string | undefined {
  return typeof refused === 'string' ? refused : undefined
}

/** The one page: before the login, during the session and after the logout. */
export function home(settings: Settings, store: Store): RequestHandler {
  const { tokenLife } = settings
  const [appUrl, serviceUrl] = [`${settings.origin}/whoami`, `${settings.service}/whoami`]

  async function account({ auth, session, headers }: Request): Promise<Html | undefined> {
    const token = tokenIn(headers.cookie)
    if (auth === undefined || token === undefined) return undefined
    const [record, answer] = await Promise.all([store.read(session.id), ask(serviceUrl, token)])
    if (record === undefined || record === 'ended') return undefined
    const { notes = [], changes = 0 } = session
    const cookie = lookAt(token)
    const now = Date.now()
    const { name } = auth
    return accountPage({ name, cookie, record, now, notes, changes, tokenLife, answer, serviceUrl })
  }

  async function farewell({ session, query }: Request): Promise<Html | undefined> {
    const { oldToken } = session
    if (oldToken === undefined) return undefined
    const [app, service] = await Promise.all([ask(appUrl, oldToken), ask(serviceUrl, oldToken)])
    const oldCookie = lookAt(oldToken)
    const refused = refusedName(query)
    const now = Date.now()
    return farewellPage({ oldCookie, tokenLife, app, service, now, refused, logins: LOGINS })
  }

  return async (req, res) => {
    const page = (await account(req)) ?? (await farewell(req))
    const refused = refusedName(req.query)
    res.send(String(page ?? welcomePage({ refused, logins: LOGINS })))
  }
}
