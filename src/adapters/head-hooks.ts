import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** A response of node:http, or of node:http2's compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse
export type Next = (error?: unknown) => void

/** The methods by which a response head begins to go out. */
export const METHODS = ['writeHead', 'write', 'end', 'flushHeaders'] as const
export type Method = (typeof METHODS)[number]
export type Methods = Record<Method, (...args: unknown[]) => unknown>

/** What the hooks ask of the head in a response's slot. */
export interface HookedHead {
  /** Called in place of the response's own method. */
  call(method: Method, args: unknown[]): unknown
  /** Whether `end` was called while the head is held. */
  readonly ended: boolean
  /** Whether a held `write` said to wait for `'drain'`. */
  readonly full: boolean
}

type Hooked = Readonly<Record<symbol, HookedHead>>

/**
 * What stands in for the methods and properties of responses: made once for one `sessions`, so that
 * a request costs no closures, and two of them on one response wrap each other.
 */
export class HeadHooks {
  readonly slot: symbol = Symbol('symbolon')
  readonly methods: Methods
  /** What a response says of itself while its head is held: the same as if Node had it. */
  readonly held: PropertyDescriptorMap
  /** Answers in place of an answer that failed. */
  readonly refuse: (error: unknown, response: NodeResponse, next: Next) => void

  constructor(refuse: HeadHooks['refuse']) {
    this.refuse = refuse
    this.methods = {
      writeHead: method(this.slot, 'writeHead'),
      write: method(this.slot, 'write'),
      end: method(this.slot, 'end'),
      flushHeaders: method(this.slot, 'flushHeaders'),
    }
    this.held = {
      headersSent: property(this.slot, () => true),
      // Not `finished`, too: server.close() takes a finished response for sent, and cuts it off.
      writableEnded: property(this.slot, (head) => head.ended),
      writableNeedDrain: property(this.slot, (head) => head.full),
      setHeader: refusal('set'),
      setHeaders: refusal('set'),
      appendHeader: refusal('append'),
      removeHeader: refusal('remove'),
      // Middleware that asks Node's own `_header` calls this with every chunk (compression < 1.8).
      _implicitHeader: { configurable: true, value() {} },
    }
  }
}

/** Sockets are opened with stubs (ws: `{}`, Engine.IO) that have no head to speak of. */
export function isResponse(response: unknown): response is NodeResponse {
  return METHODS.every((name) => typeof (response as Methods | null)?.[name] === 'function')
}

function method(slot: symbol, name: Method): Methods[Method] {
  return function sessionHead(this: unknown, ...args: unknown[]): unknown {
    return (this as Hooked)[slot]?.call(name, args)
  }
}

function property(slot: symbol, get: (head: HookedHead) => boolean): PropertyDescriptor {
  return {
    configurable: true,
    get(this: Hooked) {
      return get(this[slot]!)
    },
  }
}

function refusal(verb: string): PropertyDescriptor {
  return {
    configurable: true,
    value(this: NodeResponse) {
      throw headersSent(this, verb)
    },
  }
}

/** The error that Node throws. */
export function headersSent(response: NodeResponse, verb: string): Error {
  if ('stream' in response) {
    return coded('ERR_HTTP2_HEADERS_SENT', 'Response has already been initiated.')
  }
  return coded('ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`)
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
