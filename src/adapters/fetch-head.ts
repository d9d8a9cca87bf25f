import type { Answer, HeadChanges } from '../session/commit.ts'
import { type HeadFields, applyHeadChanges, cacheControlOf } from './head-changes.ts'

/** A copy: the app's may be immutable, or answer other requests too. */
export function withChanges(response: Response, changes: HeadChanges): Response {
  const copy = new Response(response.body, response)
  applyHeadChanges(copy.headers, FETCH_FIELDS, changes)
  return copy
}

export function answerOf({ status, headers }: Response): Answer {
  return { status, cacheControl: cacheControlOf(headers, FETCH_FIELDS) }
}

const FETCH_FIELDS: HeadFields<Headers> = {
  read(headers, name) {
    if (name === 'Set-Cookie') return headers.getSetCookie()
    const value = headers.get(name)
    return value === null ? [] : [value]
  },
  replace(headers, name, lines) {
    headers.delete(name)
    for (const line of lines) headers.append(name, line)
  },
}
