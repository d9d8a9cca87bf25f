import type { Settings } from '../session/options.ts'
import type { MaybePromise } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import type { KeyRing } from '../token/key-ring.ts'
import { type PublicDocument, publicDocuments, REVOCATIONS_PATH } from './documents.ts'
import {
  createEndpoint,
  type Endpoint,
  type EndpointAnswer,
  type EndpointRequest,
} from './endpoint.ts'
import { followRevocations } from './follow.ts'
import type { RevocationList } from './revocations.ts'
import { answerTo } from './serve.ts'

/**
 * Answers requests for the public documents, and hands on all others.
 *
 * @param refreshPath where cookies are renewed, which the app may say at any time
 * @throws SessionError `invalid_option` without an issuer, or where the key is a shared secret
 */
export function wellKnownEndpoint(
  ring: KeyRing,
  settings: Settings,
  revocations: RevocationList | undefined,
  refreshPath: () => string | undefined,
): Endpoint {
  const documents = publicDocuments(ring, settings, revocations !== undefined, refreshPath)
  const follow = revocations && followRevocations(revocations)
  return createEndpoint((request) => {
    if (follow && request.path === REVOCATIONS_PATH) return follow(request)
    return walk(answer(request, documents.get(request.path)))
  })
}

function* answer(
  request: EndpointRequest,
  document: (() => MaybePromise<PublicDocument>) | undefined,
): Steps<EndpointAnswer | undefined> {
  return document && answerTo(request, yield* wait(document()))
}
