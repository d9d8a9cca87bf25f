import { type Action, ACTIONS, forgeriesOf } from './actions.ts'
import { type Server, appOf, isBare } from './apps.ts'
import { Child } from './child.ts'
import type { Usage } from './server-process.ts'
import type { Places } from './stores.ts'

/** A server that runs, and sessions that are logged in there. */
export interface RunningServer {
  readonly server: Server
  readonly child: Child
  readonly port: number
  /** As `Cookie` headers. */
  readonly cookies: readonly string[]
}

/**
 * @param sessions how many log in to each server
 * @param program what each is a process of
 */
export async function startServers(
  servers: readonly Server[],
  places: Places,
  sessions: number,
  program = 'server-process.ts',
): Promise<RunningServer[]> {
  const running: RunningServer[] = []
  for (const server of servers) {
    const child = new Child(program, [server, JSON.stringify(places)])
    const port = await child.hear<number>()
    const cookies = isBare(server) ? [] : await logIn(port, sessions)
    if (!isBare(server)) await checkAnswers(server, port, cookies)
    running.push({ server, child, port, cookies })
  }
  // A framework alone parses requests of the same size, though it makes nothing of their cookies.
  const { cookies } = running.findLast(({ server }) => !isBare(server))!
  return running.map((it) => (isBare(it.server) ? { ...it, cookies } : it))
}

export function usage({ child }: RunningServer): Promise<Usage> {
  return child.ask<Usage>('usage')
}

/** The cookies that are sent with an action; none for requests without one. */
export function cookiesFor({ cookies }: RunningServer, action: Action): readonly string[] {
  const { cookies: which } = ACTIONS[action]
  return which === 'own' ? cookies : which === 'forged' ? forgeriesOf(cookies) : []
}

async function logIn(port: number, sessions: number): Promise<string[]> {
  const cookies: string[] = []
  for (let session = 0; session < sessions; session++) {
    cookies.push(cookieOf(await fetch(`http://127.0.0.1:${port}/login`, { method: 'POST' })))
  }
  return cookies
}

function cookieOf({ headers }: Response): string {
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0]!)
    .join('; ')
}

/** A server that does not do its work would be measured to be fast. */
async function checkAnswers(
  server: Server,
  port: number,
  cookies: readonly string[],
): Promise<void> {
  let cookie = cookies[0]!
  const ask = async (path: string, headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, { headers })
    // Data that are kept in the cookie change with it.
    cookie = cookieOf(response) || cookie
    return ((await response.json()) as { value: unknown }).value
  }
  const values = [await ask('identity', {}), await ask('identity', { cookie: cookies[0]! })]
  for (const forged of forgeriesOf(cookies.slice(0, 1))) {
    const value = await ask('identity', { cookie: forged })
    if (value !== 'nobody') throw new Error(`${server} believes a forged cookie: ${String(value)}`)
  }
  cookie = cookies[0]!
  const { identityOnly = false } = appOf(server)
  for (const path of identityOnly ? [] : ['read', 'write', 'write']) {
    values.push(await ask(path, { cookie }))
  }
  const expected = identityOnly ? 'nobody,0' : 'nobody,0,dark,1,2'
  if (values.join() !== expected) throw new Error(`${server} answers wrong: ${values.join()}`)
}
