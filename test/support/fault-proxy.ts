// A TCP proxy before a server, which fails as networks and servers do.
import { once } from 'node:events'
import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What goes wrong, for connections that are open and for new ones. */
export type Fault =
  /** Nobody listens, and open connections are reset. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted, and what is sent is never answered. */
  | { readonly kind: 'silence' }
  /** Each reply comes so many milliseconds late. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Replies come byte by byte, so many milliseconds apart. */
  | { readonly kind: 'drip'; readonly ms: number }
  /**
   * The connection is reset: before the server has the request, when it has half of it, when it has
   * all of it, or when it has carried it out but its reply is still under way.
   */
  | { readonly kind: 'reset'; readonly at: 'request' | 'half' | 'sent' | 'reply' }
  /** Half of a reply comes, and then the end of the connection. */
  | { readonly kind: 'truncate' }
  /** The server is not asked: this answers in its place. */
  | { readonly kind: 'answer'; readonly answer: (request: Buffer) => string | Buffer }

const LOOPBACK = '127.0.0.1'

/**
 * @example
 * const proxy = await FaultProxy.start(server.port)
 * await proxy.fail({ kind: 'silence' })
 * await assert.rejects(store.read(id)) // by a client connected to proxy.port
 * await proxy.heal()
 */
export class FaultProxy {
  readonly port: number
  /** The open connections, oldest first; each may be given a fault of its own. */
  readonly connections = new Set<Connection>()
  /** How many pieces of traffic met a fault so far. */
  hits = 0
  fault: Fault | undefined
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** @param target the port of the server on loopback, asked anew for each connection */
  static async start(target: number | (() => number)): Promise<FaultProxy> {
    const server = createServer().listen(0, LOOPBACK)
    await once(server, 'listening')
    const proxy = new FaultProxy(server)
    server.on('connection', (client) => {
      const port = typeof target === 'number' ? target : target()
      proxy.connections.add(new Connection(proxy, client, createConnection(port, LOOPBACK)))
    })
    return proxy
  }

  /** From now on, until `heal` or another fault. */
  async fail(fault: Fault): Promise<void> {
    this.fault = fault
    if (fault.kind !== 'refuse') return this.#listen()
    this.reset()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Ends the fault. Connections that have lost traffic are reset, as their peers would find them. */
  async heal(): Promise<void> {
    this.fault = undefined
    for (const connection of this.connections) connection.heal()
    await this.#listen()
  }

  /** Resets all open connections. */
  reset(): void {
    for (const connection of this.connections) connection.reset()
  }

  async stop(): Promise<void> {
    await this.fail({ kind: 'refuse' })
  }

  async #listen(): Promise<void> {
    if (this.#server.listening) return
    this.#server.listen(this.port, LOOPBACK)
    await once(this.#server, 'listening')
  }
}

/** One client's connection, and the one to the server that was made for it. */
export class Connection {
  /** Holds in place of the proxy's. */
  fault: Fault | undefined
  readonly #proxy: FaultProxy
  readonly #client: Socket
  readonly #server: Socket
  #torn = false
  #sent: Promise<void> = Promise.resolve()

  constructor(proxy: FaultProxy, client: Socket, server: Socket) {
    this.#proxy = proxy
    this.#client = client
    this.#server = server
    client.setNoDelay()
    client.on('data', (chunk) => this.#request(chunk))
    server.on('data', (chunk) => this.#reply(chunk))
    client.on('error', () => undefined)
    server.on('error', () => undefined)
    client.on('close', () => this.#close())
    server.on('close', () => void this.#sent.then(() => this.#close()))
  }

  reset(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  heal(): void {
    this.fault = undefined
    if (this.#torn) this.reset()
  }

  #request(chunk: Buffer): void {
    const fault = this.#meet()
    if (fault?.kind === 'silence') this.#torn = true
    else if (fault?.kind === 'answer') this.#client.write(fault.answer(chunk))
    else if (fault?.kind !== 'reset' || fault.at === 'reply') this.#server.write(chunk)
    else {
      if (fault.at === 'half') this.#server.write(chunk.subarray(0, chunk.length / 2))
      if (fault.at === 'sent') this.#server.write(chunk)
      this.#client.resetAndDestroy()
    }
  }

  #reply(chunk: Buffer): void {
    const fault = this.#meet()
    if (fault?.kind === 'silence') this.#torn = true
    else if (fault?.kind === 'reset' && fault.at === 'reply') this.reset()
    else if (fault?.kind === 'truncate') {
      this.#client.end(chunk.subarray(0, chunk.length / 2))
      this.#server.destroy()
    } else {
      const due = performance.now() + (fault?.kind === 'delay' ? fault.ms : 0)
      this.#sent = this.#sent.then(() => this.#send(chunk, due, fault))
    }
  }

  #present(): Fault | undefined {
    return this.fault ?? this.#proxy.fault
  }

  #meet(): Fault | undefined {
    const fault = this.#present()
    if (fault) this.#proxy.hits++
    return fault
  }

  async #send(chunk: Buffer, due: number, fault: Fault | undefined): Promise<void> {
    const left = due - performance.now()
    if (left > 0) await sleep(left, undefined, { ref: false })
    if (fault?.kind !== 'drip') return void this.#client.write(chunk)
    for (let sent = 0; sent < chunk.length && !this.#client.destroyed; sent++) {
      if (this.#present() !== fault) return void this.#client.write(chunk.subarray(sent))
      this.#client.write(chunk.subarray(sent, sent + 1))
      await sleep(fault.ms, undefined, { ref: false })
    }
  }

  #close(): void {
    this.#proxy.connections.delete(this)
    // What was sent is still delivered; half a request too, and then its end.
    this.#client.destroySoon()
    this.#server.destroySoon()
  }
}
