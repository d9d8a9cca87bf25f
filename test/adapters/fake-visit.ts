import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeadHooks, type Next } from '../../src/adapters/head-hooks.ts'
import { ResponseHead } from '../../src/adapters/response-head.ts'
import { bareAnswer, sendAnswer } from '../../src/adapters/error-answer.ts'
import type { Answer, HeadChanges } from '../../src/session/commit.ts'
import type { SetCookie } from '../../src/session/cookie.ts'
import type { MaybePromise } from '../../src/session/record.ts'

export const NO_CHANGES: HeadChanges = {
  cookies: [],
  vary: false,
  cacheControl: undefined,
  error: undefined,
}

export function cookie(name: string, value: string): SetCookie {
  const rest = { domain: undefined, path: '/', secure: false, sameSite: 'Lax', maxAge: undefined }
  return { name, value, ...rest } as SetCookie
}

/** A visit whose commit answers what a test says, at once or when the test lets it. */
export class FakeVisit {
  readonly session = {}
  readonly auth = undefined
  headPending = false
  readonly commits: Answer[] = []
  readonly #changes: HeadChanges
  readonly #until: Promise<unknown> | undefined

  constructor(changes: Partial<HeadChanges> = {}, until?: Promise<unknown>) {
    this.#changes = { ...NO_CHANGES, ...changes }
    this.#until = until
  }

  closed = false

  closeHead(): void {
    this.closed = true
  }

  commit(answer: Answer): MaybePromise<HeadChanges> {
    this.commits.push(answer)
    if (this.commits.length > 1) return { ...this.#changes, error: undefined }
    return this.#until?.then(() => this.#changes) ?? this.#changes
  }
}

export const bareHooks: HeadHooks = hooks()

export function hooks(): HeadHooks {
  return new HeadHooks((error, response, next) => {
    if (next === noNext) sendAnswer(response, bareAnswer(error))
    else next(error)
  })
}

const noNext: Next = () => {}

/** Reads the session, as an app does through the accessor. */
export function look(
  response: ServerResponse,
  visit: FakeVisit,
  next: Next = noNext,
  by: HeadHooks = bareHooks,
): ResponseHead {
  const head = new ResponseHead(by, response, next, visit)
  void head.session
  return head
}

export type Handler = (response: ServerResponse, request: IncomingMessage) => unknown
