import type { ServerResponse } from 'node:http'
import type { Answer } from '../session/commit.ts'
import { type HeadFields, cacheControlOf } from './head-changes.ts'
import type { NodeResponse } from './head-hooks.ts'

export const NODE_FIELDS: HeadFields<NodeResponse> = {
  read(response, name) {
    const value = (response as ServerResponse).getHeader(name)
    return value === undefined ? [] : Array.isArray(value) ? value : [String(value)]
  },
  replace(response, name, [first = '', ...more]) {
    response.setHeader(name, more.length === 0 ? first : [first, ...more])
  },
}

export function answerOf(response: NodeResponse): Answer {
  return { status: response.statusCode, cacheControl: cacheControlOf(response, NODE_FIELDS) }
}

/**
 * Moves the headers that `writeHead` was given to the response, where they can be read and changed:
 * what Node does itself as soon as one header was set before. Those of an array replace what was set,
 * and may repeat each other (CVE-2025-7339: the app's array stays as it is).
 *
 * @returns the arguments that are left, or undefined where the head is none of ours to touch: 1xx is
 * no answer, and what Node refuses it shall refuse itself
 */
export function moveHeaders(
  response: NodeResponse,
  [statusCode, second, third]: readonly unknown[],
): unknown[] | undefined {
  const status = Number(statusCode) | 0
  const headers = typeof second === 'string' ? third : (third ?? second)
  if (status < 200 || status > 999) return undefined
  if (Array.isArray(headers)) {
    const pairs = pairsOf(headers)
    if (pairs === undefined) return undefined
    for (const [name] of pairs) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(name, value)
  } else {
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  }
  response.statusCode = status
  return typeof second === 'string' ? [status, second] : [status]
}

type Pair = readonly [name: string, value: string | string[]]

/** Node takes `[[name, value], …]` and `[name, value, name, value, …]`. */
function pairsOf(headers: readonly unknown[]): readonly Pair[] | undefined {
  if (Array.isArray(headers[0])) return headers as readonly Pair[]
  if (headers.length % 2 !== 0) return undefined
  return headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name, headers[index + 1]]] : [],
  ) as Pair[]
}

/** Whether nobody receives the answer any more. */
export function isGone(response: NodeResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed
}

/** Headers that say something of one answer; what middleware set for every answer stays (CORS, CSP). */
export const OF_ONE_ANSWER: RegExp =
  /^(?:cache-control|content-(?!security-policy).+|etag|expires|last-modified|location|set-cookie)$/

/**
 * Takes back what an answer set that does not go out.
 *
 * @param before the headers that stood there before the app began its answer
 */
export function forgetAnswer(response: NodeResponse, before: readonly string[]): void {
  for (const name of response.getHeaderNames()) {
    if (!before.includes(name) || OF_ONE_ANSWER.test(name)) response.removeHeader(name)
  }
  response.statusCode = 500
  if (Object.hasOwn(response, 'statusMessage')) response.statusMessage = ''
}
