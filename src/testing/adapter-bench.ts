import type { Duration } from '../duration.ts'
import type { RequestAuth, SessionObject } from '../register.ts'
import type { SessionOptions } from '../session/options.ts'
import type { MaybePromise } from '../session/record.ts'
import { type Sessions, createSessions } from '../sessions.ts'
import { memory } from '../stores/memory.ts'
import { HttpClient } from './http-client.ts'
import { Clock } from './store-bench.ts'
import { type StoreProbe, probe } from './store-probe.ts'

/** What a route finds of its request in every framework; each is looked at only when it is read. */
export interface SuiteContext {
  readonly session: SessionObject
  readonly auth: RequestAuth | undefined
}

/** What a route answers; each adapter's test says it in the words of its framework. */
export interface SuiteAnswer {
  /** Default 200. */
  readonly status?: number
  /** Several of one name are several lines. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Text, or chunks to be streamed as they come. */
  readonly body?: string | AsyncIterable<string>
  /** Whether the head is to go out before the first chunk. */
  readonly flush?: boolean
}

export type SuiteRoute = (context: SuiteContext) => MaybePromise<SuiteAnswer>

/** Routes by path, for every method. */
export type SuiteApp = Readonly<Record<string, SuiteRoute>>

/** An app that is being served, and how to end that. */
export interface Served {
  /** Without a slash at its end. */
  readonly url: string
  /** Whether it speaks HTTP/2 in clear. */
  readonly http2?: boolean
  close(): MaybePromise<void>
}

/** Serves the app through the adapter under test; a route that throws goes to the error handling. */
export type Serve = (sessions: Sessions, app: SuiteApp) => Promise<Served>

export type AdapterCase = (bench: AdapterBench) => Promise<void>

/** Holds a request where a case wants it. */
export class Gate {
  readonly #entered = Promise.withResolvers<void>()
  readonly #opened = Promise.withResolvers<void>()

  /** Resolves as soon as a request waits. */
  get entered(): Promise<void> {
    return this.#entered.promise
  }

  open(): void {
    this.#opened.resolve()
  }

  pass(): Promise<void> {
    this.#entered.resolve()
    return this.#opened.promise
  }
}

/** Of no use but here. */
const KEY = 'adapter suite: 8dS0vZqXn3kTfY5LwPj2'

/** One app served by one adapter; what a case works with. */
export class AdapterBench {
  readonly clock: Clock = new Clock()
  readonly store: StoreProbe
  /** Made anew for each case. */
  gate: Gate = new Gate()
  readonly maxStale: Duration
  readonly #serve: Serve
  readonly #routes: (bench: AdapterBench) => SuiteApp
  #served: Served | undefined

  constructor(
    serve: Serve,
    way: 'at once' | 'later',
    maxStale: Duration,
    routes: (bench: AdapterBench) => SuiteApp,
  ) {
    this.store = probe(memory({ now: this.clock.now }), way)
    this.#serve = serve
    this.maxStale = maxStale
    this.#routes = routes
  }

  async open(): Promise<void> {
    this.#served = await this.serve()
  }

  async close(): Promise<void> {
    await this.#served?.close()
  }

  /** Forgets what an earlier case left behind. */
  reset(): void {
    this.gate = new Gate()
    this.store.failing.clear()
    this.store.calls.length = 0
  }

  browser(): HttpClient {
    return new HttpClient(this.#served!)
  }

  /** Sessions on this bench's store, or on none that it knows. */
  sessions(options: Partial<SessionOptions<unknown>> & { store?: StoreProbe } = {}): Sessions {
    return createSessions({
      keys: KEY,
      fields: [['id', 'uid', 'userId']],
      cookie: { secure: true },
      store: this.store,
      maxStale: this.maxStale,
      now: this.clock.now,
      ...options,
    })
  }

  /** Serves the same routes with other options. */
  serve(options: Partial<SessionOptions<unknown>> = {}): Promise<Served> {
    return this.#serve(this.sessions(options), this.#routes(this))
  }
}
