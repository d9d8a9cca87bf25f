import { generateKey } from '../cli/keygen.ts'
import type { CreateSessionsOptions } from '../create-options.ts'
import { type Duration, milliseconds } from '../duration.ts'
import type { RegisteredUser } from '../register.ts'
import { type Sessions, createSessions } from '../sessions.ts'
import { memory } from '../stores/memory.ts'
import type { Algorithm } from '../token/key.ts'
import { type LoginOptions, type TestLogin, login, refuseProduction } from './login.ts'

/** Options of `createSessions`, none of which a test has to give. */
export interface TestSessionsOptions<User, FieldAuth, Claims> extends Partial<
  CreateSessionsOptions<User, FieldAuth, Claims>
> {
  /** Of the key that is made, which no other app believes; default `'ES256'`. */
  readonly alg?: Algorithm
  /** What the clock goes by; default: it stands where it stood at the call, but for `advance`. */
  readonly now?: () => number
}

/** Sessions for one test or file of tests. */
export interface TestSessions<User, Auth> {
  readonly sessions: Sessions<User, Auth>
  readonly clock: TestClock
  /** `login()` to these sessions. */
  readonly login: (user: User, options?: LoginOptions) => Promise<TestLogin>
}

/** The time of the sessions and their store. */
export interface TestClock {
  /** In ms since 1970. */
  readonly now: () => number
  /** Lets time pass. */
  readonly advance: (duration: Duration) => void
}

/**
 * Sessions in memory, under a key of their own, whose time passes when the test says so.
 *
 * @throws SessionError `not_supported` unless NODE_ENV is `test` or `development`; what
 * `createSessions` throws
 *
 * @example
 * const { sessions, clock, login } = testSessions({ idle: '1h' })
 * const { session } = await login({ id: 7 })
 * clock.advance('2h')
 * await session.read() // undefined
 */
export function testSessions<User = RegisteredUser, FieldAuth = {}, Claims = {}>({
  alg,
  ...options
}: TestSessionsOptions<User, FieldAuth, Claims> = {}): TestSessions<
  User,
  { readonly sub: string } & FieldAuth & Claims
> {
  refuseProduction('testSessions()')
  const clock = clockFrom(options.now)
  const { now } = clock
  const sessions = createSessions<User, FieldAuth, Claims>({
    keys: JSON.stringify(generateKey(alg)),
    store: memory({ now }),
    ...options,
    now,
  })
  return { sessions, clock, login: (user, more) => login(sessions, user, more) }
}

function clockFrom(given: (() => number) | undefined): TestClock {
  const start = Date.now()
  const now = given ?? (() => start)
  let passed = 0
  return {
    now: () => now() + passed,
    advance: (duration) => void (passed += milliseconds(duration, 'advance()')),
  }
}
