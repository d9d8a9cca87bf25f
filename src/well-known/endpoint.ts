import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { SessionError } from '../errors.ts'
import type { MaybePromise } from '../session/record.ts'
import { isPromise } from '../session/steps.ts'

/** What we answer ourselves: for Express, Connect and node:http as it is, for others by `fetch`. */
export interface Endpoint {
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void
  /** For fetch handlers: undefined where the request is for something else. */
  fetch(request: Request): Promise<Response | undefined>
}

/** A request, as any runtime brings it. */
export interface EndpointRequest {
  readonly method: string
  readonly path: string
  /** @param name in lower case */
  readonly header: (name: string) => string | undefined
}

export interface EndpointAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** A text, or one that comes piece by piece until the client goes. */
  readonly body?: string | AsyncIterable<string> | undefined
}

export type Answering = (request: EndpointRequest) => MaybePromise<EndpointAnswer | undefined>

/** @param answerTo undefined where the request is for something else */
export function createEndpoint(answerTo: Answering): Endpoint {
  return Object.assign(
    function endpoint(
      request: IncomingMessage,
      response: ServerResponse,
      next?: (error?: unknown) => void,
    ): void {
      const send = (answer: EndpointAnswer | undefined): void => {
        if (answer === undefined && next !== undefined) return next()
        // Other middleware may have answered meanwhile, or the client may be gone.
        if (response.headersSent || response.destroyed) return
        const { status, headers, body } = answer ?? NOT_FOUND
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
        response.writeHead(status)
        if (typeof body === 'object') return stream(body, response)
        response.end(request.method === 'HEAD' ? undefined : body)
      }
      const answer = guarded(answerTo, nodeRequest(request))
      if (!isPromise(answer)) return send(answer)
      answer.then(send).catch((error: unknown) => (next ? next(error) : response.destroy()))
    },
    {
      async fetch(request: Request): Promise<Response | undefined> {
        const answer = await guarded(answerTo, fetchRequest(request))
        if (answer === undefined) return undefined
        const headers = new Headers()
        for (const [name, value] of Object.entries(answer.headers)) {
          for (const each of [value].flat()) headers.append(name, each)
        }
        const { status, body } = answer
        if (typeof body === 'object') return new Response(streamOf(body), { status, headers })
        return new Response(request.method === 'HEAD' ? undefined : body, { status, headers })
      },
    },
  )
}

const NOT_FOUND: EndpointAnswer = { status: 404, headers: {} }

/** To the client an answer cut short by an error is one cut short by the network: it asks again. */
function stream(body: AsyncIterable<string>, response: ServerResponse): void {
  pipeline(Readable.from(body), response, () => undefined)
}

function streamOf(body: AsyncIterable<string>): ReadableStream {
  const pieces = body[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await pieces.return?.()
    },
  })
}

/** A store that fails is answered here: who asked us is a machine, and wants no page of the app's. */
function guarded(
  answerTo: Answering,
  request: EndpointRequest,
): MaybePromise<EndpointAnswer | undefined> {
  try {
    const answer = answerTo(request)
    return isPromise(answer) ? answer.catch(failure) : answer
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): EndpointAnswer {
  if (!(error instanceof SessionError)) throw error
  return { status: error.status, headers: { 'cache-control': 'no-store' } }
}

function nodeRequest({ method = 'GET', url = '', headers }: IncomingMessage): EndpointRequest {
  const query = url.indexOf('?')
  return {
    method,
    path: query === -1 ? url : url.slice(0, query),
    header: (name) => [headers[name]].flat()[0],
  }
}

function fetchRequest({ method, url, headers }: Request): EndpointRequest {
  return { method, path: new URL(url).pathname, header: (name) => headers.get(name) ?? undefined }
}
