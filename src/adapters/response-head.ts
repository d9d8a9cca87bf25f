import type { HeadChanges } from '../session/commit.ts'
import { isPromise } from '../session/steps.ts'
import { type AnyCookie, type HeadVisit, applyHeadChanges } from './head-changes.ts'
import {
  type HeadHooks,
  type HookedHead,
  METHODS,
  type Method,
  type Methods,
  type Next,
  type NodeResponse,
  headersSent,
  isResponse,
} from './head-hooks.ts'
import { NODE_FIELDS, answerOf, forgetAnswer, isGone, moveHeaders } from './node-head.ts'

type Call = readonly [method: Method, args: unknown[]]

/** How long an answer that will not go out may take to end, before the connection is closed. */
const ENDLESS_MS = 5000

/**
 * Holds the head of one response until the session's commit has answered. Where that is at once, the
 * call goes straight on; otherwise calls wait in line, and the response behaves as if they were done.
 *
 * Where the commit failed, what the app says until its `end` is dropped, and then the error is answered:
 * only so the two answers, made by the same methods, can be told apart (decisions/007).
 */
export class ResponseHead implements HookedHead {
  readonly visit: HeadVisit
  readonly #hooks: HeadHooks
  readonly #response: NodeResponse
  readonly #next: Next
  #phase: 'unwatched' | 'watched' | 'held' | 'refused' | 'released' = 'unwatched'
  /** The methods below ours: Node's, or those of middleware that wrapped them before. */
  #below!: Methods
  #headersBefore!: readonly string[]
  /** What the commit was decided by. */
  #status!: number
  /** What was called while the head is held, in order. */
  #calls!: Call[]
  #heldSize = 0
  /** The response's own properties that stand below those of a held one. */
  #covered!: PropertyDescriptorMap
  /** Why the app's answer does not go out. */
  #failure: unknown
  #endless: NodeJS.Timeout | undefined
  ended = false
  full = false

  constructor(hooks: HeadHooks, response: NodeResponse, next: Next, visit: HeadVisit) {
    this.#hooks = hooks
    this.#response = response
    this.#next = next
    this.visit = visit
    if (visit.headPending) this.#watch()
  }

  get session(): unknown {
    if (this.#phase === 'unwatched') this.#watch()
    return this.visit.session
  }

  get auth(): unknown {
    if (this.#phase === 'unwatched') this.#watch()
    return this.visit.auth
  }

  call(method: Method, args: unknown[]): unknown {
    if (this.#phase === 'watched') return this.#begin(method, args)
    if (this.#phase === 'held') return this.#hold(method, args)
    if (this.#phase === 'refused') return this.#discard(method, args)
    return this.#pass(method, args)
  }

  #watch(): void {
    const response = this.#response
    this.#phase = 'released'
    if (!isResponse(response) || response.headersSent) return this.visit.closeHead?.()
    const { writeHead, write, end, flushHeaders } = response as unknown as Methods
    this.#below = { writeHead, write, end, flushHeaders }
    this.#headersBefore = response.getHeaderNames()
    this.#install()
  }

  #install(): void {
    const response = this.#response as unknown as Methods & Record<symbol, HookedHead>
    this.#phase = 'watched'
    response[this.#hooks.slot] = this
    for (const method of METHODS) response[method] = this.#hooks.methods[method]
  }

  #begin(method: Method, args: unknown[]): unknown {
    const response = this.#response
    if (method === 'flushHeaders' && !response.headersSent && response.statusCode >= 200) {
      // Node does the same; middleware that wrapped writeHead after us must not miss the head.
      ;(response as unknown as Methods).writeHead(response.statusCode)
      return this.call(method, args)
    }
    const rest = method === 'writeHead' ? moveHeaders(response, args) : args
    if (rest === undefined || response.statusCode < 200) return this.#pass(method, args)
    const changes = this.visit.commit(answerOf(response))
    if (!isPromise(changes) && !this.#isFailure(changes)) {
      this.#release(changes)
      return this.#pass(method, rest)
    }
    this.#cover()
    this.#phase = 'held'
    this.#status = response.statusCode
    this.#calls = []
    void Promise.resolve(changes).then((settled) => this.#settle(settled))
    return this.#hold(method, rest)
  }

  #hold(method: Method, args: unknown[]): unknown {
    if (method === 'writeHead' && this.#calls.length > 0) throw headersSent(this.#response, 'write')
    this.#calls.push([method, args])
    if (method === 'flushHeaders') return undefined
    if (method === 'write') return this.#hasRoom(args[0])
    this.ended ||= method === 'end'
    return this.#response
  }

  /**
   * As Node answers for a response that waits for its socket, and not false at once: middleware below
   * may keep 'drain' listeners to itself (compression), so that ours would reach nobody.
   */
  #hasRoom(chunk: unknown): boolean {
    this.#heldSize += (chunk as { length?: number } | null)?.length ?? 0
    this.full ||= this.#heldSize >= this.#response.writableHighWaterMark
    return !this.full && !this.ended
  }

  #drain(): void {
    this.#heldSize = 0
    this.full = false
    this.#response.emit('drain')
  }

  #settle(changes: HeadChanges<AnyCookie>): void {
    this.#uncover()
    if (this.#isFailure(changes)) return this.#fail(changes.error)
    if (!this.#response.headersSent) this.#response.statusCode = this.#status
    this.#release(changes)
    try {
      for (const [method, args] of this.#calls) this.#pass(method, args)
    } catch (error) {
      return this.#refuse(error)
    }
    const { writableEnded, writableNeedDrain } = this.#response
    if (this.full && !writableEnded && !writableNeedDrain) this.#drain()
  }

  /** The error's own answer cannot fail again. */
  #isFailure({ error }: HeadChanges<AnyCookie>): boolean {
    return error !== undefined && this.#failure === undefined
  }

  #fail(error: unknown): void {
    this.#failure = error
    for (const [, args] of this.#calls) this.#drop(args)
    if (this.ended || this.#response.headersSent) return this.#answerFailure()
    this.#cover()
    this.#phase = 'refused'
    this.#endless = setTimeout(() => this.#response.destroy(), ENDLESS_MS)
    if (this.full) this.#drain()
  }

  #discard(method: Method, args: unknown[]): unknown {
    if (method === 'writeHead') throw headersSent(this.#response, 'write')
    this.#drop(args)
    if (method === 'flushHeaders') return undefined
    if (method === 'end') {
      if (!this.ended) process.nextTick(() => this.#answerFailure())
      this.ended = true
      return this.#response
    }
    const full = this.full
    const hasRoom = this.#hasRoom(args[0])
    if (this.full && !full && !isGone(this.#response)) setImmediate(() => this.#drain())
    return hasRoom
  }

  #drop(args: unknown[]): void {
    const callback = args.find((argument) => typeof argument === 'function')
    if (callback !== undefined) process.nextTick(callback, this.#failure)
  }

  /** Nothing of the answer that failed is left for the one that goes out. */
  #answerFailure(): void {
    clearTimeout(this.#endless)
    if (this.#phase === 'refused') this.#uncover()
    if (!this.#response.headersSent) {
      forgetAnswer(this.#response, this.#headersBefore)
      this.ended = false
      this.full = false
      this.#heldSize = 0
      this.#install()
    }
    this.#refuse(this.#failure)
  }

  /** A head that is out cannot become an error: the client must see a broken answer, not a short one. */
  #refuse(error: unknown): void {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#hooks.refuse(error, this.#response, this.#next)
  }

  #release(changes: HeadChanges<AnyCookie>): void {
    const response = this.#response
    const methods = response as unknown as Methods
    this.#phase = 'released'
    if (!response.headersSent) applyHeadChanges(response, NODE_FIELDS, changes)
    for (const method of METHODS) {
      // Middleware that wrapped ours meanwhile keeps its place, and ours hands on.
      // Not deleted, where nothing stood: V8 makes an object slow that loses properties.
      if (methods[method] === this.#hooks.methods[method]) methods[method] = this.#below[method]
    }
  }

  #pass(method: Method, args: unknown[]): unknown {
    return this.#below[method].apply(this.#response, args)
  }

  #cover(): void {
    const response = this.#response
    this.#covered = {}
    for (const name of Object.keys(this.#hooks.held)) {
      const own = Object.getOwnPropertyDescriptor(response, name)
      if (own !== undefined) this.#covered[name] = own
    }
    Object.defineProperties(response, this.#hooks.held)
  }

  #uncover(): void {
    const response = this.#response as unknown as Record<string, unknown>
    for (const name of Object.keys(this.#hooks.held)) delete response[name]
    Object.defineProperties(response, this.#covered)
  }
}
