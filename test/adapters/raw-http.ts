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
