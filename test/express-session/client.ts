import { createHmac } from 'node:crypto'
import {
  Agent,
  type IncomingHttpHeaders,
  type RequestOptions,
  type Server,
  createServer,
  request,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { SECRET } from './subjects.ts'

export interface Reply {
  readonly status: number
  readonly body: string
  readonly headers: IncomingHttpHeaders
  /** The lines of `Set-Cookie`. */
  readonly cookies: readonly string[]
  /** Whether the whole answer arrived. */
  readonly complete: boolean
}

export type Listener = (req: any, res: any) => void

/** A server of one test, and a client that keeps no cookies unless told to. */
export class App {
  readonly server: Server
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(server: Server) {
    this.server = server
  }

  static async start(listener: Listener): Promise<App> {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new App(server)
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  ask(path: string, options: RequestOptions & { cookie?: string } = {}): Promise<Reply> {
    const { cookie, ...rest } = options
    const headers = { ...(rest.headers as object), ...(cookie !== undefined && { cookie }) }
    return new Promise((resolve, reject) => {
      const sent = request({
        port: this.port,
        host: '127.0.0.1',
        path,
        agent: this.#agent,
        ...rest,
        headers,
      })
      sent.on('error', reject)
      sent.on('response', (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('error', () => {})
        response.on('close', () =>
          resolve({
            status: response.statusCode ?? 0,
            body,
            headers: response.headers,
            cookies: response.headers['set-cookie'] ?? [],
            complete: response.complete,
          }),
        )
      })
      sent.end()
    })
  }

  async stop(): Promise<void> {
    this.#agent.destroy()
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** The session cookie that a reply sets, as a `Cookie` header; undefined if it sets none. */
export function sessionCookie(reply: Reply, name = 'connect.sid'): string | undefined {
  const line = reply.cookies.find((it) => it.startsWith(`${name}=`))
  return line === undefined || line.startsWith(`${name}=;`) ? undefined : line.split(';')[0]
}

/** The session's id in a cookie of either form; undefined if there is no cookie. */
export function idIn(cookie: string | undefined): string | undefined {
  if (cookie === undefined) return undefined
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1))
  if (value.startsWith('s:')) return value.slice(2, value.lastIndexOf('.'))
  return JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()).sk
}

export function idOf(reply: Reply, name?: string): string | undefined {
  return idIn(sessionCookie(reply, name))
}

/** The attributes of the session cookie, by lower-case names. */
export function attributesOf(reply: Reply, name = 'connect.sid'): Record<string, string | true> {
  const line = reply.cookies.find((it) => it.startsWith(`${name}=`)) ?? ''
  const parts = line.split('; ').slice(1)
  return Object.fromEntries(
    parts.map((part) => {
      const [key = '', value] = part.split('=')
      return [key.toLowerCase(), value ?? true]
    }),
  )
}

/** A cookie as express-session signs it. */
export function oldCookie(id: string, secret = SECRET, name = 'connect.sid'): string {
  const mac = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
  return `${name}=${encodeURIComponent(`s:${id}.${mac}`)}`
}
