import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'
import { createKeyRing } from '../../src/token/key-ring.ts'
import {
  type VerifierOptions,
  type VerifierProblem,
  createVerifier,
} from '../../src/verify/index.ts'
import type { RevocationsPayload } from '../../src/verify/revocations.ts'
import { KEYS, type LocalKey, NOW, SPECS, contents, forge } from '../token/fixtures.ts'
import { Clock, ISSUER, eventually, issuerOf } from './fixtures.ts'
import { type Publisher, publisher } from './publisher.ts'

export type Entries = Partial<RevocationsPayload['entries']>

export const key = KEYS.ES256
export const tokens = issuerOf('ES256')
export const token = tokens.issue(contents())
export const GEN = 'generation'

/** A list as the app signs it; `more` may make it anything else. */
export function listOf(
  entries: Entries,
  more: Record<string, unknown> = {},
  { typ = 'revocations+jwt', by = key }: { typ?: string; by?: LocalKey } = {},
): string {
  const all = { s: [], u: [], k: [], ...entries }
  const payload = { iss: ISSUER, iat: NOW, gen: GEN, seq: 1, entries: all, ...more }
  return forge(by, JSON.stringify(payload), JSON.stringify({ alg: by.alg, kid: by.kid, typ }))
}

export const text =
  (body: string, headers: Record<string, string> = {}): Publisher['answer'] =>
  (_, response) =>
    void response.writeHead(200, headers).end(body)

/** Accepts the connection, and says nothing. */
export const silence: Publisher['answer'] = () => undefined

/** The timers of the verifier under test: they end by its clock, not by the machine's. */
class Timers extends Clock {
  #timers: { readonly ms: number; readonly due: number; readonly end: AbortController }[] = []

  start(ms: number): AbortSignal {
    const end = new AbortController()
    this.#timers.push({ ms, due: this.now + ms, end })
    return end.signal
  }

  /** Whether it was a pause between two fetches that began last, and no fetch. */
  get areResting(): boolean {
    return this.#timers.at(-1)?.ms === INTERVAL
  }

  override pass(milliseconds: number): void {
    super.pass(milliseconds)
    const due = this.#timers.filter((timer) => timer.due <= this.now)
    this.#timers = this.#timers.filter((timer) => timer.due > this.now)
    const error = new DOMException('The fetch took too long', 'TimeoutError')
    for (const { end } of due) running.run(this, () => end.abort(error))
  }
}

/** Whose timers are meant: verifiers of earlier tests may still have something under way. */
const running = new AsyncLocalStorage<Timers>()
const timeout = AbortSignal.timeout.bind(AbortSignal)
mock.method(AbortSignal, 'timeout', (ms: number) => {
  return running.getStore()?.start(ms) ?? timeout(ms)
})

export const INTERVAL = 400
/** How long a fetch may take. */
export const TIMEOUT = 5000

export interface Following {
  readonly app: Publisher
  readonly clock: Clock
  readonly problems: VerifierProblem[]
  readonly reason: (token?: string) => Promise<string | undefined>
  readonly asked: () => number
  /** Waits until no fetch is under way, then lets the time of this pause pass. */
  readonly next: () => Promise<void>
  readonly rest: () => Promise<void>
}

/** A neighbour that follows the list of an app, whose keys it was given. */
export async function following(
  answer: string | Publisher['answer'],
  more: Partial<VerifierOptions<object>> = {},
): Promise<Following> {
  const lists = await publisher(typeof answer === 'string' ? text(answer) : answer)
  const clock = new Timers()
  const problems: VerifierProblem[] = []
  let asked = 0
  const verify = createVerifier({
    issuer: ISSUER,
    keys: createKeyRing(SPECS.ES256).trusted.jwks(),
    revocations: true,
    timeout: TIMEOUT,
    fetch(address, init) {
      asked++
      return fetch(address.replace(ISSUER, lists.origin), init)
    },
    now: clock.read,
    onProblem: (problem) => problems.push(problem),
    ...more,
  })
  const rest = (): Promise<void> => eventually(() => clock.areResting, true)
  return {
    app: lists,
    clock,
    problems,
    async reason(presented = token) {
      return (await running.run(clock, () => verify.check({ token: presented }))).reason
    },
    asked: () => asked,
    rest,
    async next() {
      await rest()
      clock.pass(INTERVAL)
      await rest()
    },
  }
}
