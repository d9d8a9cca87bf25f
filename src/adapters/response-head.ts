import type { ServerResponse } from 'node:http'
import type { RequestAuth, SessionObject } from '../register.ts'
import type { Answer, HeadChanges } from '../session/commit.ts'
import { isPromise } from '../session/steps.ts'
import type { Visit } from '../session/visit.ts'
import { type HeadFields, applyHeadChanges, cacheControlOf } from './head-changes.ts'
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
import { moveHeaders } from './write-head.ts'

type Call = readonly [method: Method, args: unknown[]]

/** Headers that say something of one answer; what middleware set for every answer stays (CORS, CSP). */
const OF_ONE_ANSWER =
  /^(?:cache-control|content-(?!security-policy).+|etag|expires|last-modified|location|set-cookie)$/

/**
 * Holds the head of one response until the session's commit has answered. Where that is at once, the
 * call goes straight on; otherwise calls wait in line, and the response behaves as if they were done.
 */
export class ResponseHead implements HookedHead {
  readonly visit: Visit
  readonly #hooks: HeadHooks
  readonly #response: NodeResponse
  readonly #next: Next
  #phase: 'unwatched' | 'watched' | 'held' | 'released' = 'unwatched'
  /** The methods below ours: Node's, or those of middleware that wrapped them before. */
  #below!: Methods
  #headersBefore!: readonly string[]
  /** What was called while the head is held, in order. */
  #calls!: Call[]
  #heldSize = 0
  /** The response's own properties that stand below those of a held one. */
  #covered!: PropertyDescriptorMap
  #failed = false
  ended = false
  full = false

  constructor(hooks: HeadHooks, response: NodeResponse, next: Next, visit: Visit) {
    this.#hooks = hooks
    this.#response = response
    this.#next = next
    this.visit = visit
    if (visit.headPending) this.#watch()
  }

  get session(): SessionObject {
    if (this.#phase === 'unwatched') this.#watch()
    return this.visit.session
  }

  get auth(): RequestAuth | undefined {
    if (this.#phase === 'unwatched') this.#watch()
    return this.visit.auth
  }

  call(method: Method, args: unknown[]): unknown {
    if (this.#phase === 'watched') return this.#begin(method, args)
    if (this.#phase === 'held') return this.#hold(method, args)
    return this.#isLeftover(method) ? this.#drop(method, args) : this.#pass(method, args)
  }

  #watch(): void {
    const response = this.#response
    this.#phase = 'released'
    if (!isResponse(response)) return
    // Nothing can be set any more: from here on the session must say so.
    if (response.headersSent) return void this.visit.commit(answerOf(response))
    const { writeHead, write, end, flushHeaders } = response as unknown as Methods
    this.#below = { writeHead, write, end, flushHeaders }
    this.#headersBefore = response.getHeaderNames()
    this.#install()
  }

  #install(): void {
    this.#phase = 'watched'
    Object.assign(this.#response, { [this.#hooks.slot]: this }, this.#hooks.methods)
  }

  #begin(method: Method, args: unknown[]): unknown {
    const response = this.#response
    const rest = method === 'writeHead' ? moveHeaders(response, args) : args
    if (rest === undefined || response.statusCode < 200) return this.#pass(method, args)
    const changes = this.visit.commit(answerOf(response))
    if (!isPromise(changes) && (changes.error === undefined || this.#failed)) {
      this.#release(changes)
      return this.#pass(method, rest)
    }
    this.#cover()
    void Promise.resolve(changes).then((settled) => this.#settle(settled))
    return this.#hold(method, rest)
  }

  #hold(method: Method, args: unknown[]): unknown {
    if (method === 'writeHead' && this.#calls.length > 0) throw headersSent(this.#response, 'write')
    this.#calls.push([method, args])
    if (method === 'flushHeaders') return undefined
    if (method !== 'write') {
      this.ended ||= method === 'end'
      return this.#response
    }
    // As Node does for a response that waits for its socket, and not false at once: middleware below
    // may keep 'drain' listeners to itself (compression), so that ours would reach nobody.
    this.#heldSize += (args[0] as { length?: number } | null)?.length ?? 0
    this.full ||= this.#heldSize >= this.#response.writableHighWaterMark
    return !this.full && !this.ended
  }

  #settle(changes: HeadChanges): void {
    this.#uncover()
    const calls = this.#calls
    if (changes.error !== undefined && !this.#failed) return this.#fail(changes.error, calls)
    this.#release(changes)
    try {
      for (const [method, args] of calls) this.#pass(method, args)
    } catch (error) {
      return this.#refuse(error)
    }
    const { writableEnded, writableNeedDrain } = this.#response
    if (this.full && !writableEnded && !writableNeedDrain) this.#response.emit('drain')
  }

  /** The answer that the app made must not go out: nothing of it is left for the one that does. */
  #fail(error: unknown, calls: readonly Call[]): void {
    const response = this.#response
    this.#failed = true
    this.ended = false
    this.full = false
    this.#heldSize = 0
    for (const [method, args] of calls) this.#drop(method, args, error)
    if (!response.headersSent) {
      for (const name of response.getHeaderNames()) {
        const stays = this.#headersBefore.includes(name) && !OF_ONE_ANSWER.test(name)
        if (!stays) response.removeHeader(name)
      }
      response.statusCode = 500
      if (Object.hasOwn(response, 'statusMessage')) response.statusMessage = ''
      this.#install()
    }
    this.#refuse(error)
  }

  /** A head that is out cannot become an error: the client must see a broken answer, not a short one. */
  #refuse(error: unknown): void {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#hooks.refuse(error, this.#response, this.#next)
  }

  #release(changes: HeadChanges): void {
    const response = this.#response
    const methods = response as unknown as Methods
    this.#phase = 'released'
    if (!response.headersSent) applyHeadChanges(response, NODE_FIELDS, changes)
    if (this.#failed) return
    for (const method of METHODS) {
      // Middleware that wrapped ours meanwhile keeps its place, and ours hands on.
      if (methods[method] === this.#hooks.methods[method]) methods[method] = this.#below[method]
    }
  }

  #pass(method: Method, args: unknown[]): unknown {
    return this.#below[method].apply(this.#response, args)
  }

  /** What the failed answer's code still writes after the error answer would crash as write after end. */
  #isLeftover(method: Method): boolean {
    return this.#failed && this.#response.writableEnded && (method === 'write' || method === 'end')
  }

  #drop(method: Method, args: unknown[], error?: unknown): unknown {
    const callback = args.find((argument) => typeof argument === 'function')
    if (callback !== undefined) process.nextTick(callback, error)
    return method === 'write' ? false : this.#response
  }

  #cover(): void {
    const response = this.#response
    this.#phase = 'held'
    this.#calls = []
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

const NODE_FIELDS: HeadFields<NodeResponse> = {
  read(response, name) {
    const value = (response as ServerResponse).getHeader(name)
    return value === undefined ? [] : Array.isArray(value) ? value : [String(value)]
  },
  replace(response, name, [first = '', ...more]) {
    response.setHeader(name, more.length === 0 ? first : [first, ...more])
  },
}

function answerOf(response: NodeResponse): Answer {
  return { status: response.statusCode, cacheControl: cacheControlOf(response, NODE_FIELDS) }
}
