import type { Places, Server } from './apps.ts'
import { Child } from './child.ts'
import type { Usage } from './server-process.ts'

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
    const cookies = await logIn(port, sessions)
    if (server !== 'bare') await checkAnswers(port, cookies[0]!)
    running.push({ server, child, port, cookies })
  }
  // The bare server parses requests of the same size as ours, though it makes nothing of their cookies.
  const ours = running.at(-1)!.cookies
  return running.map((it) => (it.server === 'bare' ? { ...it, cookies: ours } : it))
}

export function usage({ child }: RunningServer): Promise<Usage> {
  return child.ask<Usage>('usage')
}

async function logIn(port: number, sessions: number): Promise<string[]> {
  const cookies: string[] = []
  for (let id = 0; id < sessions; id++) {
    const { headers } = await fetch(`http://127.0.0.1:${port}/login/${id}`, { method: 'POST' })
    cookies.push(...headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]!))
  }
  return cookies
}

/** A server that does not do its work would be measured to be fast. */
async function checkAnswers(port: number, cookie: string): Promise<void> {
  const ask = async (path: string, headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, { headers })
    return ((await response.json()) as { value: unknown }).value
  }
  const values = [await ask('identity', {})]
  for (const path of ['identity', 'read', 'write', 'write']) {
    values.push(await ask(path, { cookie }))
  }
  if (values.join() !== 'nobody,0,dark,1,2') throw new Error(`Wrong answers: ${values.join()}`)
}
