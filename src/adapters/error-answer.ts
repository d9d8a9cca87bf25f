import type { ServerResponse } from 'node:http'
import { SessionError } from '../errors.ts'
import type { ErrorAnswer } from '../session/options.ts'
import { isStrict } from '../session/strict.ts'
import type { NodeResponse } from './head-hooks.ts'

/** The answer to a failure that no error handler of the app takes; says why in development alone. */
export function bareAnswer(error: unknown): Required<ErrorAnswer> {
  const status = error instanceof SessionError ? error.status : 500
  const phrase = status === 409 ? 'Conflict' : 'Internal Server Error'
  return {
    status,
    headers: { 'Cache-Control': 'no-store', 'Content-Type': 'text/plain; charset=utf-8' },
    body: isStrict() || !(error instanceof Error) ? phrase : `${phrase}: ${error.message}`,
  }
}

/** Answers on its own, where the app said what, or has no error handling to do it. */
export function sendAnswer(response: NodeResponse, { status, headers, body }: ErrorAnswer): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  const text = response.req.method === 'HEAD' ? undefined : body
  ;(response as ServerResponse).end(text)
}
