// Asks a server for the same thing over many connections, from a process of its own.
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { quantile } from '../statistics.ts'

export interface LoadJob {
  readonly port: number
  /** Default `GET`. */
  readonly method?: 'POST'
  readonly path: string
  /** Sent in turn, each by one connection only; none for requests without one. */
  readonly cookies: readonly string[]
  /** Whether the server is to meet each cookie for the first time; default false. */
  readonly unseen?: true
  readonly connections: number
  readonly milliseconds: number
}

export interface LoadResult {
  readonly requestsPerSecond: number
  /** In ms. */
  readonly p50: number
  /** In ms. */
  readonly p99: number
  /** In ms. */
  readonly p999: number
  /** How long it took, in ms. */
  readonly taken: number
}

/** Whom it does not believe a server answers 200 as nobody, or 401. */
const HEAD = /^HTTP\/1\.1 (?:200|401) .*?\r\nContent-Length: (\d+)(?:\r\n.*?)?\r\n\r\n/is

/**
 * A connection that sends its next request when the answer is there. Written here since autocannon,
 * which parses answers in JavaScript, takes more CPU time than the fastest of the servers.
 */
class Connection {
  readonly #socket: Socket
  readonly #requests: readonly Buffer[]
  #sent = 0
  #sentAt = 0
  /** In bytes, of the answer under way. */
  #missing = 0
  #answered: (() => void) | undefined

  constructor(socket: Socket, requests: readonly Buffer[]) {
    this.#socket = socket
    this.#requests = requests
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
  }

  /** @param note takes the latency of each answer, in ms; false to send no more */
  run(note: (latency: number) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = () => {
        if (note(performance.now() - this.#sentAt)) this.#send()
        else resolve()
      }
      this.#send()
    })
  }

  /** Sends each request once, so that what remembers sessions has seen them all. */
  runOnce(): Promise<void> {
    return this.run(() => this.#sent < this.#requests.length)
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(): void {
    this.#sentAt = performance.now()
    this.#socket.write(this.#requests[this.#sent++ % this.#requests.length]!)
  }

  /** express-session sends the last byte of an answer by itself, when its store has answered. */
  #receive(chunk: Buffer): void {
    this.#missing = (this.#missing || answerLength(chunk)) - chunk.length
    if (this.#missing === 0) this.#answered?.()
  }
}

function answerLength(chunk: Buffer): number {
  const text = chunk.toString('latin1')
  const head = HEAD.exec(text)
  if (head === null) throw new Error(`Unexpected answer: ${text}`)
  return head[0].length + Number(head[1])
}

async function carryOut(job: LoadJob): Promise<LoadResult> {
  const connections = await open(job)
  if (!job.unseen) await Promise.all(connections.map((connection) => connection.runOnce()))
  process.send?.('ready')
  // The parent first asks the server what it has used so far.
  await once(process, 'message')
  const latencies: number[] = []
  const start = performance.now()
  const note = (latency: number): boolean => {
    latencies.push(latency)
    return performance.now() - start < job.milliseconds
  }
  const awake = stayAwake()
  await Promise.all(connections.map((connection) => connection.run(note)))
  const taken = performance.now() - start
  awake.abort()
  for (const connection of connections) connection.close()
  const sorted = Float64Array.from(latencies).toSorted()
  return {
    requestsPerSecond: (latencies.length / taken) * 1000,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
    taken,
  }
}

/**
 * Looks for answers without ever sleeping: whom a server's write has to wake costs the server CPU
 * time, and the slower it answers, the more often.
 */
function stayAwake(): AbortController {
  const end = new AbortController()
  const look = (): void => {
    if (!end.signal.aborted) setImmediate(look)
  }
  look()
  return end
}

function open({ port, cookies, connections, ...what }: LoadJob): Promise<Connection[]> {
  const requests = cookies.length === 0 ? [request(what)] : cookies.map((it) => request(what, it))
  return Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      const own = requests.filter((__, number) => number % connections === index % requests.length)
      return new Connection(socket, own)
    }),
  )
}

function request({ method, path }: Pick<LoadJob, 'method' | 'path'>, cookie?: string): Buffer {
  const lines = [
    `${method ?? 'GET'} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(method === undefined ? [] : ['Content-Length: 0']),
    ...(cookie ? [`Cookie: ${cookie}`] : []),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

process.on('disconnect', () => process.exit())
for (;;) {
  const [job] = (await once(process, 'message')) as [LoadJob]
  process.send?.(await carryOut(job))
}
