import type { PublicDocument } from './documents.ts'
import type { EndpointAnswer, EndpointRequest } from './endpoint.ts'

/** Verifiers ask again on an unknown key, so a short life costs little and a new key is seen soon. */
const CACHE_CONTROL = 'public, max-age=300'

/** @param cacheControl how long others may go on with it */
export function answerTo(
  { method, header }: EndpointRequest,
  { contentType, body, etag }: PublicDocument,
  cacheControl: string = CACHE_CONTROL,
): EndpointAnswer {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' } }
  // Public keys are for everybody: any page may read them, and no cookie is needed to.
  const headers = { etag, 'cache-control': cacheControl, 'access-control-allow-origin': '*' }
  if (matches(header('if-none-match'), etag)) return { status: 304, headers }
  return { status: 200, headers: { ...headers, 'content-type': contentType }, body }
}

/** RFC 9110 §13.1.2: a list of tags, compared weakly; a proxy that compresses makes ours weak. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = new Set((ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, '')))
  return tags.has(etag) || tags.has('*')
}
