// A Node service beside the Django site: the same pages, as far as they make sense, over the same
// sessions, and a browser that goes from one to the other.
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { sessionMiddleware } from '../../src/adapters/express.ts'
import { type DjangoOptions, django } from '../../src/django/index.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { type ClientAnswer, HttpClient } from '../../src/testing/http-client.ts'
import { type DjangoSite, SITE_SECRET_KEY, SITE_TOKEN_KEY } from '../support/django.ts'

/** The settings of the site, as the service is told them. */
export const SITE_OPTIONS: DjangoOptions<any, any> = {
  secretKey: SITE_SECRET_KEY,
  jwt: {
    KEY: SITE_TOKEN_KEY,
    FIELDS: [['id', 'u', 'user_id'], ['username', 'n'], 'email'],
    EXPIRES: 900,
  },
}

export function siteDatabase(site: Pick<DjangoSite, 'folder'>): DatabaseSync {
  return new DatabaseSync(join(site.folder, 'site.db'), { timeout: 2000 })
}

export interface NodeSide {
  readonly url: string
  readonly sessions: Sessions
  stop(): Promise<void>
}

type Page = (request: any, query: URLSearchParams) => unknown

const PAGES: Readonly<Record<string, Page>> = {
  '/untouched': () => ({}),
  '/whoami': ({ auth, session }) => ({
    user: auth?.n ?? null,
    id: auth?.sub ?? null,
    auth: auth ?? null,
    key: session.isNew ? null : session.id,
    data: { ...session, ...(session.jwt && {}) },
  }),
  '/login': async ({ session }, query) => {
    await session.login({ id: query.get('id') })
    return {}
  },
  '/logout': async ({ session }) => {
    await session.logout()
    return {}
  },
  '/set': ({ session }, query) => {
    for (const [name, value] of query) session[name] = JSON.parse(value)
    return {}
  },
  '/increment': async ({ session }, query) => {
    const name = query.get('name')!
    return session.update((data: any) => (data[name] = (data[name] ?? 0) + 1))
  },
  '/delete': ({ session }, query) => {
    delete session[query.get('name')!]
    return {}
  },
  '/flush': async ({ session }) => {
    await session.destroy()
    return {}
  },
}

/** Gates of requests that wait after they have looked at the session. */
const gates = new Map<string, () => void>()

export async function startNode(
  options: DjangoOptions<any, any>,
  more: object = {},
): Promise<NodeSide> {
  const sessions = createSessions({ ...django(options), ...more })
  const middleware = sessionMiddleware(sessions)
  const server = createServer((request, response) => {
    middleware(request, response, (error) => void answer(request, response, error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions,
    async stop() {
      await new Promise((resolve) => server.close(resolve))
      await sessions.close()
    },
  }
}

async function answer(
  request: IncomingMessage & { session?: any },
  response: ServerResponse,
  error: unknown,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  try {
    if (error !== undefined) throw error
    const gate = request.headers['x-gate']
    if (typeof gate === 'string') {
      void request.session.loaded
      await new Promise<void>((resolve) => gates.set(gate, resolve))
    }
    const page = PAGES[pathname]
    if (page === undefined) throw new Error(`no page ${pathname}`)
    const result = await page(request, searchParams)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(result ?? null))
  } catch (thrown) {
    const { status = 500, code, message } = thrown as { status?: number; code?: string } & Error
    if (!response.headersSent) response.statusCode = status
    response.end(JSON.stringify({ code, message }))
  }
}

/** One browser for both services: they are of one host, and so see one cookie. */
export class Browser {
  readonly #django: HttpClient
  readonly #node: HttpClient

  constructor(site: Pick<DjangoSite, 'url'>, node: Pick<NodeSide, 'url'>, cookie?: string) {
    this.#django = new HttpClient(site)
    this.#node = new HttpClient(node)
    if (cookie !== undefined) this.#set(cookie)
  }

  /** The session's cookie. */
  get cookie(): string | undefined {
    return this.#node.jar.get('sessionid')
  }

  django(path: string): Promise<ClientAnswer> {
    return this.#ask(this.#django, path)
  }

  node(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    method = 'POST',
  ): Promise<ClientAnswer> {
    return this.#ask(this.#node, path, headers, method)
  }

  async json(from: 'django' | 'node', path: string): Promise<any> {
    return JSON.parse((await this[from](path)).body)
  }

  async #ask(
    client: HttpClient,
    path: string,
    headers = {},
    method = 'POST',
  ): Promise<ClientAnswer> {
    const result = await client.ask(path, { method, headers })
    this.#set(client.jar.get('sessionid'))
    return result
  }

  #set(cookie: string | undefined): void {
    for (const { jar } of [this.#django, this.#node]) {
      if (cookie === undefined) jar.delete('sessionid')
      else jar.set('sessionid', cookie)
    }
  }
}

/** Lets a request to the Node service wait until something else was done. */
export async function slowlyOnNode(
  browser: Browser,
  path: string,
  meanwhile: () => Promise<unknown>,
): Promise<ClientAnswer> {
  const gate = `${Math.random()}`
  const pending = browser.node(path, { 'x-gate': gate })
  while (!gates.has(gate)) await new Promise((resolve) => setTimeout(resolve, 2))
  await meanwhile()
  gates.get(gate)!()
  gates.delete(gate)
  return pending
}
