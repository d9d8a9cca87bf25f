import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

export interface Answer {
  readonly status: number
  /** The cookie that was set, as a `Cookie` header. */
  readonly cookie: string
}

/** One request on a connection that is kept; what is answered is of no interest but for its head. */
export function ask(port: number, method: string, path: string, cookie = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, method, path, host: '127.0.0.1', headers: { cookie } })
    sent.on('error', reject).on('response', (response) => {
      const [line = ''] = response.headers['set-cookie'] ?? []
      response.resume().on('end', () => {
        resolve({ status: response.statusCode ?? 0, cookie: line.split(';', 1)[0]! })
      })
    })
    sent.end()
  })
}
