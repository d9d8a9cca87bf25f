import type { SessionError } from '../../src/errors.ts'
import type { HeadChanges } from '../../src/session/commit.ts'
import type { Visit } from '../../src/session/visit.ts'
import type { Sessions } from '../../src/sessions.ts'

export interface Outcome {
  /** The app's status, or that of the error which took its place. */
  readonly status: number
  readonly head: HeadChanges
  readonly error: SessionError | undefined
}

export interface RequestOptions {
  readonly method?: string
  readonly navigation?: boolean
  readonly cacheControl?: string
  /** A Cookie header to send instead of the jar's. */
  readonly cookie?: string
}

/** One browser against the core, without a framework: keeps what commits tell it to keep. */
export class Browser {
  readonly #sessions: Sessions
  /** Name → value. */
  readonly jar: Map<string, string> = new Map()

  constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  get cookie(): string | undefined {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ') || undefined
  }

  /** Sends a request; the handler returns the answer's status, 200 if nothing. */
  async request(
    handler: (visit: Visit) => unknown = () => 200,
    options: RequestOptions = {},
  ): Promise<Outcome> {
    const outcome = await this.exchange(handler, options)
    this.receive(outcome)
    return outcome
  }

  /** The same, but the answer has not arrived yet: `receive` it later. */
  async exchange(
    handler: (visit: Visit) => unknown,
    { method = 'GET', navigation = false, cacheControl, cookie = this.cookie }: RequestOptions = {},
  ): Promise<Outcome> {
    const visit = await this.#sessions.open({ cookie, method, navigation })
    let status = 200
    let thrown: SessionError | undefined
    try {
      status = ((await handler(visit)) as number | undefined) ?? 200
    } catch (error) {
      thrown = error as SessionError
      status = thrown.status ?? 500
    }
    const head = await visit.commit({ status, cacheControl })
    const error = head.error ?? thrown
    return { status: head.error?.status ?? status, head, error }
  }

  receive({ head }: Outcome): void {
    for (const { name, value, maxAge } of head.cookies) {
      if (maxAge === 0) this.jar.delete(name)
      else this.jar.set(name, value)
    }
  }

  /** What the app sees of this browser now. */
  async look(): Promise<{ auth: unknown; data: Record<string, unknown> }> {
    let seen: { auth: unknown; data: Record<string, unknown> } | undefined
    await this.exchange((visit) => {
      seen = { auth: visit.auth, data: { ...visit.session } }
    })
    return seen!
  }
}
