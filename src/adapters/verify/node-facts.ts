import type { IncomingHttpHeaders } from 'node:http'
import type { GuardedRequest } from './guard.ts'

/** The facts of a request of node:http or node:http2. */
export function guardedRequest(request: {
  readonly headers: IncomingHttpHeaders
  readonly method?: string | undefined
}): GuardedRequest {
  const { headers, method = '' } = request
  const header = (name: string): string | undefined => [headers[name]].flat()[0]
  return {
    source: { headers },
    method,
    upgrade: headers.upgrade !== undefined,
    host: headers.host ?? header(':authority'),
    origin: headers.origin,
    site: header('sec-fetch-site'),
  }
}
