import type { MaybePromise } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import { type PublicDocument, type PublicDocuments, REVOCATIONS_PATH } from './documents.ts'
import {
  createEndpoint,
  type Endpoint,
  type EndpointAnswer,
  type EndpointRequest,
} from './endpoint.ts'
import { followRevocations } from './follow.ts'
import type { RevocationList } from './revocations.ts'
import { answerTo } from './serve.ts'

/** Answers requests for the public documents, and hands on all others. */
export function wellKnownEndpoint(
  documents: PublicDocuments,
  revocations: RevocationList | undefined,
): Endpoint {
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
