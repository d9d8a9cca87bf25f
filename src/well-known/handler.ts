import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PublicDocument } from './documents.ts'

/** Answers requests for the public documents, and hands on all others. */
export interface WellKnown {
  /** For Express, Connect and node:http. */
  (request: IncomingMessage, response: ServerResponse, next?: () => void): void
  /** For fetch handlers: undefined where the request is for something else. */
  fetch(request: Request): Response | undefined
}

interface PublicAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

/** Verifiers ask again on an unknown key, so a short life costs little and a new key is seen soon. */
const CACHE_CONTROL = 'public, max-age=300'

export function wellKnownHandler(documents: ReadonlyMap<string, PublicDocument>): WellKnown {
  return Object.assign(
    function wellKnown(
      request: IncomingMessage,
      response: ServerResponse,
      next?: () => void,
    ): void {
      const document = documents.get(pathOf(request.url ?? ''))
      if (document === undefined && next !== undefined) return next()
      const { method = 'GET', headers } = request
      const answer = document ? answerTo(method, headers['if-none-match'], document) : NOT_FOUND
      response.writeHead(answer.status, answer.headers).end(answer.body)
    },
    {
      fetch(request: Request): Response | undefined {
        const document = documents.get(new URL(request.url).pathname)
        if (document === undefined) return undefined
        const ifNoneMatch = request.headers.get('if-none-match') ?? undefined
        const { status, headers, body } = answerTo(request.method, ifNoneMatch, document)
        return new Response(body, { status, headers })
      },
    },
  )
}

const NOT_FOUND: PublicAnswer = { status: 404, headers: {}, body: undefined }

function answerTo(
  method: string,
  ifNoneMatch: string | undefined,
  { contentType, body, etag }: PublicDocument,
): PublicAnswer {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, headers: { allow: 'GET, HEAD' }, body: undefined }
  }
  // Public keys are for everybody: any page may read them, and no cookie is needed to.
  const headers = { etag, 'cache-control': CACHE_CONTROL, 'access-control-allow-origin': '*' }
  if (matches(ifNoneMatch, etag)) return { status: 304, headers, body: undefined }
  return {
    status: 200,
    headers: { ...headers, 'content-type': contentType },
    body: method === 'HEAD' ? undefined : body,
  }
}

/** RFC 9110 §13.1.2: a list of tags, compared weakly; a proxy that compresses makes ours weak. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = new Set((ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, '')))
  return tags.has(etag) || tags.has('*')
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
