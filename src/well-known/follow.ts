import type { Answering, EndpointAnswer, EndpointRequest } from './endpoint.ts'
import type { RevocationList } from './revocations.ts'
import { answerTo } from './serve.ts'

/** Whoever comes after so many others that wait is answered at once. */
const MOST_WAITING = 1000
/** Proxies give up on an answer that takes a minute. */
const LONGEST_WAIT_SECONDS = 25
const KEEP_ALIVE_MS = 10_000
/** Whoever still follows then comes again, and others get their turn. */
const LONGEST_STREAM_MS = 300_000

const HEADERS = { 'cache-control': 'no-store', 'access-control-allow-origin': '*' }
const FULL: EndpointAnswer = { status: 503, headers: { ...HEADERS, 'retry-after': '10' } }

/**
 * Answers who follows the revocations: with the list, with 304; later where `Prefer: wait=<seconds>`
 * (RFC 7240 §4.3) asks to wait for another one; or as server-sent events, one for each list.
 */
export function followRevocations(list: RevocationList): Answering {
  let waiting = 0

  async function* events(): AsyncIterable<string> {
    waiting++
    try {
      const end = performance.now() + LONGEST_STREAM_MS
      for (let etag = ''; performance.now() < end;) {
        const document = await list.changedFrom(etag, KEEP_ALIVE_MS)
        yield document.etag === etag ? ':\n\n' : `data: ${document.body}\n\n`
        etag = document.etag
      }
    } finally {
      waiting--
    }
  }

  return async (request) => {
    const isFull = waiting >= MOST_WAITING
    const wantsEvents = /\btext\/event-stream\b/.test(request.header('accept') ?? '')
    if (wantsEvents && request.method === 'GET') {
      return isFull ? FULL : eventStream(events())
    }
    waiting++
    try {
      const seen = request.header('if-none-match') ?? ''
      const document = await list.changedFrom(seen, isFull ? 0 : waitOf(request))
      return answerTo(request, document, 'no-cache')
    } finally {
      waiting--
    }
  }
}

function waitOf({ header }: EndpointRequest): number {
  const [, seconds = 0] = /\bwait=(\d{1,4})\b/.exec(header('prefer') ?? '') ?? []
  return Math.min(Number(seconds), LONGEST_WAIT_SECONDS) * 1000
}

function eventStream(body: AsyncIterable<string>): EndpointAnswer {
  return { status: 200, headers: { ...HEADERS, 'content-type': 'text/event-stream' }, body }
}
