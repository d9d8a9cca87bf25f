import { once } from 'node:events'
import { type IncomingMessage, type OutgoingHttpHeaders, request as send } from 'node:http'
import { type IncomingHttpHeaders, connect, constants } from 'node:http2'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

export interface ClientAnswer {
  readonly status: number
  /** The headers' values by their names in lower case, several of one name joined by ', '. */
  readonly headers: Readonly<Record<string, string>>
  /** The `Set-Cookie` lines as they came. */
  readonly cookies: readonly string[]
  readonly body: string
}

export interface ClientRequest {
  readonly method?: string
  /** What goes into the `Cookie` header in place of the jar, or several lines of it. */
  readonly cookie?: string | readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

interface Sent {
  readonly url: string
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[]>>
}

/** One browser over real HTTP: follows no redirect, keeps the cookies it is told to keep. */
export class HttpClient {
  /** Name → value. */
  readonly jar: Map<string, string> = new Map()
  readonly #url: string
  readonly #http2: boolean

  constructor({ url, http2 = false }: { readonly url: string; readonly http2?: boolean }) {
    this.#url = url
    this.#http2 = http2
  }

  /** The `Cookie` header of the jar. */
  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async ask(path: string, request: ClientRequest = {}): Promise<ClientAnswer> {
    const { method = 'GET', cookie = this.cookie, headers } = request
    const all = { ...headers, ...(cookie.length > 0 && { cookie: [cookie].flat() }) }
    const sent = { url: this.#url, path, method, headers: all }
    const answer = await (this.#http2 ? overHttp2(sent) : overHttp1(sent))
    this.#receive(answer)
    return answer
  }

  #receive({ cookies }: ClientAnswer): void {
    for (const line of cookies) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
      if (/; Max-Age=0/i.test(line)) this.jar.delete(name)
      else this.jar.set(name, value)
    }
  }
}

async function overHttp1({ url, path, method, headers }: Sent): Promise<ClientAnswer> {
  const request = send(url + path, { method, headers: { ...headers } })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return answerOf(response.statusCode, response.headers, response)
}

async function overHttp2({ url, path, method, headers }: Sent): Promise<ClientAnswer> {
  const connection = connect(url)
  try {
    const stream = connection.request({ ':path': path, ':method': method, ...headers })
    const [received] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    return await answerOf(received[constants.HTTP2_HEADER_STATUS], received, stream)
  } finally {
    connection.close()
  }
}

async function answerOf(
  status: unknown,
  received: OutgoingHttpHeaders | IncomingHttpHeaders,
  stream: Readable,
): Promise<ClientAnswer> {
  const { 'set-cookie': cookies = [], ...rest } = received
  const headers = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, [value].flat().join(', ')]),
  )
  return {
    status: Number(status),
    headers,
    cookies: [cookies].flat().map(String),
    body: await text(stream),
  }
}
