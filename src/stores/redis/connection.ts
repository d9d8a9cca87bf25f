import { hash } from 'node:crypto'
import { SessionError } from '../../errors.ts'
import type { RedisCalls } from './client.ts'
import { TimeLimit } from '../time-limit.ts'

/** A Lua script, which Redis carries out as one step. */
export interface Script {
  readonly text: string
  readonly sha: string
}

export function script(text: string): Script {
  return { text, sha: hash('sha1', text) }
}

/**
 * A reply that belongs to another question. A client that lost its place in the stream of replies
 * would go on giving each caller another one's, and so another one's session.
 */
export class MixedUp extends Error {
  override readonly message = 'Redis answered with what was not asked for'
}

/** After a silence one verb in so many milliseconds is tried; the others fail at once. */
const PROBE_MS = 1000

/** Calls within a time limit, whose failures are SessionErrors. */
export class RedisConnection {
  readonly calls: RedisCalls
  /** Told of each failure: what was written lately may be lost with a master. */
  failed: () => void = () => undefined
  readonly #limit: TimeLimit
  readonly #time: () => number | ''
  #count = 0
  #answered = 0
  #silent = false
  #nextProbe = 0
  #nextMending = 0

  /** @param time what scripts are to take for the time, or nothing if Redis knows it */
  constructor(calls: RedisCalls, timeout: number, time: () => number | '') {
    this.calls = calls
    this.#limit = new TimeLimit(timeout)
    this.#time = time
  }

  /** One verb, all its calls together within the time limit. */
  async within<T>(verb: () => Promise<T>): Promise<T> {
    if (!this.calls.isReady()) throw unavailable('Redis is not connected')
    if (this.#silent) this.#probe()
    const began = performance.now()
    try {
      const answer = await this.#limit.hold(verb())
      this.#answered = performance.now()
      this.#silent = false
      return answer
    } catch (error) {
      const timedOut = (error as SessionError).code === 'store_timeout'
      this.#silent = timedOut && this.#answered < began
      this.#mend(this.#silent || error instanceof MixedUp)
      this.failed()
      throw coded(error)
    }
  }

  async get(key: string): Promise<string | undefined> {
    const value = await this.calls.send(key, ['GET', key])
    if (value === null || typeof value === 'string') return value ?? undefined
    throw new MixedUp()
  }

  /** What the script answers after the number of the call, which must come first. */
  async run(
    { sha, text }: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<string[]> {
    const number = String(++this.#count)
    const key = keys[0] ?? ''
    const rest = [String(keys.length), ...keys, number, ...args.map(String), String(this.#time())]
    let reply: unknown
    try {
      reply = await this.calls.send(key, ['EVALSHA', sha, ...rest])
    } catch (error) {
      if (!(error as Error).message?.startsWith('NOSCRIPT')) throw error
      reply = await this.calls.send(key, ['EVAL', text, ...rest])
    }
    if (!Array.isArray(reply) || reply[0] !== number) throw new MixedUp()
    return reply.slice(1) as string[]
  }

  #mend(isBroken: boolean): void {
    const now = performance.now()
    if (!isBroken && now < this.#nextMending) return
    this.#nextMending = now + PROBE_MS
    this.calls.mend(isBroken)
  }

  #probe(): void {
    const now = performance.now()
    if (!this.calls.isCluster && now < this.#nextProbe) throw unavailable('Redis is silent')
    this.#nextProbe = now + PROBE_MS
  }
}

function unavailable(what: string, cause?: Error): SessionError {
  const message = `${what}: see whether its server can be reached, and the options of the client`
  return new SessionError('store_unavailable', message, cause && { cause })
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^WRONGTYPE/, 'Another program keeps values of other types under the prefix of the store'],
  [/^(NOAUTH|NOPERM|WRONGPASS)/, 'Redis does not allow its user what the store does'],
  [/^READONLY/, 'Redis is a replica and refuses to write'],
]

function coded(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const { name, message, code } = error as NodeJS.ErrnoException
  // Logs show all of a cause: ioredis adds the command to it, and so the session, as Redis adds the
  // arguments of a command that it does not know.
  const [told] = message.split(', with args')
  const cause = Object.assign(new Error(told), { name }, code !== undefined && { code })
  return unavailable(REASONS.find(([form]) => form.test(message))?.[1] ?? 'Redis failed', cause)
}
