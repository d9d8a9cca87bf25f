import { Agent, request } from 'node:http'

/**
 * Why there is no answer: the client went before it came, the connection was reset while it was not
 * in use, or the app has never answered.
 */
export type Missing = 'aborted' | 'reset' | 'timeout'

/** What came of a request. */
export interface Answer {
  readonly status: number | Missing
  readonly body: {
    readonly user?: string
    readonly data?: Readonly<Record<string, unknown>>
    readonly devices?: number
    /** Why an app failed. */
    readonly code?: string
    /** Why a neighbour believes nobody. */
    readonly reason?: string
  }
  /** As a `Cookie` header; empty where it was cleared, undefined where nothing was said of it. */
  readonly cookie: string | undefined
}

const LONGEST_ANSWER_MS = 30_000
/** A client that goes does so at any moment of this time. */
const MOST_PATIENCE_MS = 8

/** All that is asked, with the number of answers by their status. */
export class Client {
  readonly answers: Record<string, number> = {}
  readonly #aborts: number
  #agent = new Agent({ keepAlive: true })

  /** @param aborts the share of requests that are given up */
  constructor(aborts: number) {
    this.#aborts = aborts
  }

  async ask(port: number, method: string, path: string, cookie = ''): Promise<Answer> {
    const answer = await this.#send(port, method, path, cookie)
    this.answers[answer.status] = (this.answers[answer.status] ?? 0) + 1
    return answer
  }

  /** Ends the connections that are kept. */
  rest(): void {
    this.#agent.destroy()
    this.#agent = new Agent({ keepAlive: true })
  }

  #send(port: number, method: string, path: string, cookie: string): Promise<Answer> {
    const isAborted = Math.random() < this.#aborts
    const patience = isAborted ? Math.random() * MOST_PATIENCE_MS : LONGEST_ANSWER_MS
    const signal = AbortSignal.timeout(Math.floor(patience))
    return new Promise((resolve) => {
      const fail = (): void => {
        const status = isAborted ? 'aborted' : signal.aborted ? 'timeout' : 'reset'
        resolve({ status, body: {}, cookie: undefined })
      }
      const where = { host: '127.0.0.1', port, method, path, headers: { cookie } }
      const sent = request({ ...where, agent: this.#agent, signal })
      sent.on('error', fail).on('response', (response) => {
        let text = ''
        const { statusCode: status = 0, headers } = response
        response.setEncoding('utf8')
        response.on('error', fail).on('data', (chunk) => (text += chunk))
        response.on('end', () => {
          resolve({ status, body: bodyOf(text), cookie: cookieOf(headers['set-cookie']) })
        })
      })
      sent.end()
    })
  }
}

function bodyOf(text: string): Answer['body'] {
  try {
    return JSON.parse(text) as Answer['body']
  } catch {
    return { code: 'no JSON' }
  }
}

function cookieOf([line]: readonly string[] = []): string | undefined {
  const [, pair] = /^([^;]*)/.exec(line ?? '') ?? []
  if (line === undefined || pair === undefined) return undefined
  return pair.endsWith('=') ? '' : pair
}
