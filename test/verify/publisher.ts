import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A real HTTP server on loopback that says what a test lets it say, and counts what it was asked. */
export interface Publisher {
  readonly origin: string
  readonly requests: IncomingMessage[]
  answer: Answer
  /** Refuses connections until it is opened again at the same port. */
  shut(): Promise<void>
  open(): Promise<void>
}

/** It is shut after the last test of the file. */
export async function publisher(answer: Answer): Promise<Publisher> {
  const requests: IncomingMessage[] = []
  const create = (): ReturnType<typeof createServer> =>
    createServer((request, response) => {
      requests.push(request)
      self.answer(request, response)
    })
  let server = create()
  const listen = async (port: number): Promise<number> => {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  const self: Publisher = {
    origin: `http://127.0.0.1:${port}`,
    requests,
    answer,
    async shut() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
    async open() {
      server = create()
      await listen(port)
    },
  }
  publishers.push(self)
  return self
}

const publishers: Publisher[] = []
after(() => Promise.all(publishers.map((each) => each.shut())))

/** An answer of JSON. */
export function json(content: unknown, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(content))
  }
}

/** An answer of nothing but a status. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (_, response) => void response.writeHead(code, headers).end()
}
