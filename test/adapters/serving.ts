import { type RequestListener, type Server, type ServerResponse, createServer } from 'node:http'
import {
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  createServer as createHttp2,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Served, SuiteAnswer } from '../../src/testing/adapter-suite.ts'

export function listen(listener: RequestListener): Promise<Served> {
  const server = createServer(listener)
  return served(server, () => server.closeAllConnections())
}

export async function listenHttp2(
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<Served & { http2: true }> {
  const server = createHttp2(listener)
  return { ...(await served(server)), http2: true }
}

async function served(server: Server | Http2Server, hurry = (): void => {}): Promise<Served> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        hurry()
      }),
  }
}

/** Answers as Node's own interface does. */
export async function sendPlain(
  response: ServerResponse | Http2ServerResponse,
  { status = 200, headers = [], body, flush = false }: SuiteAnswer,
): Promise<void> {
  const plain = response as ServerResponse
  plain.statusCode = status
  for (const [name, value] of headers) plain.appendHeader(name, value)
  if (flush) plain.flushHeaders()
  if (typeof body !== 'object') return void plain.end(body)
  for await (const chunk of body) {
    if (!plain.write(chunk)) await new Promise((resolve) => plain.once('drain', resolve))
  }
  plain.end()
}

/** What an app without a framework does about an error of its own. */
export function sendFailure(response: ServerResponse | Http2ServerResponse, error: unknown): void {
  const { status = 500 } = error as { status?: number }
  response.statusCode = status
  response.setHeader('Content-Type', 'text/plain')
  ;(response as ServerResponse).end('the app failed')
}
