import { type RequestListener, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

export interface RawServer {
  readonly port: number
  close(): Promise<void>
}

export async function serveRaw(listener: RequestListener): Promise<RawServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Sends bytes and gives back every byte that came until the server closed; the date is blanked. */
export async function exchangeRaw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (chunk) => received.push(chunk))
  socket.on('error', () => {})
  socket.write(request, 'latin1')
  await new Promise<void>((resolve) => socket.on('close', () => resolve()))
  return Buffer.concat(received)
    .toString('latin1')
    .replace(/^Date: .*$/gm, 'Date: -')
}

/** One request on a connection of its own. */
export function requestText(method = 'GET', headers = ''): string {
  return `${method} / HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n${headers}\r\n`
}

/** An answer's bytes: its head as it came, its body out of the frames it came in. */
export interface RawAnswer {
  readonly head: string
  readonly body: string
  readonly trailers: string
}

/** Splits what came on one connection. How Node frames several writes of one turn is its own affair. */
export function rawAnswers(bytes: string, method = 'GET'): RawAnswer[] {
  const answers: RawAnswer[] = []
  while (bytes !== '') {
    const end = bytes.indexOf('\r\n\r\n') + 4
    const head = bytes.slice(0, end)
    const length = /^Content-Length: (\d+)\r$/im.exec(head)?.[1]
    const bodiless = method === 'HEAD' || /^HTTP\/1.1 (?:1\d\d|204|304) /.test(head)
    bytes = bytes.slice(end)
    if (!bodiless && /^Transfer-Encoding: chunked\r$/im.test(head)) {
      const { body, trailers, rest } = dechunk(bytes)
      answers.push({ head, body, trailers })
      bytes = rest
    } else {
      const size = bodiless ? 0 : Number(length ?? bytes.length)
      answers.push({ head, body: bytes.slice(0, size), trailers: '' })
      bytes = bytes.slice(size)
    }
  }
  return answers
}

/** RFC 9112 §7.1; an answer that was broken off ends as it is. */
function dechunk(bytes: string): { body: string; trailers: string; rest: string } {
  let body = ''
  for (;;) {
    const start = bytes.indexOf('\r\n') + 2
    const size = Number.parseInt(bytes.slice(0, start), 16)
    if (!(size > 0)) {
      const end = bytes.indexOf('\r\n\r\n', start - 2) + 4
      return { body, trailers: bytes.slice(start, end), rest: bytes.slice(end) }
    }
    body += bytes.slice(start, start + size)
    bytes = bytes.slice(start + size + 2)
  }
}
