import { randomBytes } from 'node:crypto'
import { AT_ONCE, type Contestant } from './tokens/contestants.ts'
import { ALGORITHMS, type Algorithm, type BenchKeys, makeKeys } from './tokens/keys.ts'
import { type Payload, ourSigner, signers } from './tokens/signers.ts'
import { verifiers } from './tokens/verifiers.ts'

export interface TokenScale {
  /** How many different tokens there are. */
  readonly tokens: number
  /** How long one batch of calls takes. */
  readonly batchMs: number
  readonly repetitions: number
}

interface Figures {
  readonly contestant: string
  /** CPU time of the whole process in µs per call, of each repetition. */
  readonly cpu: readonly number[]
  /** Time on the clock in µs per call, of each repetition. */
  readonly wall: readonly number[]
}

export interface TokenResult extends Figures {
  readonly algorithm: Algorithm
  readonly operation: 'verify' | 'sign'
}

/**
 * Verifies and signs with every library and algorithm. The figure that counts is CPU time, threads
 * included: it is what a loaded server runs out of, and other programs disturb it least.
 */
export async function measureTokens(
  scale: TokenScale,
  progress: (what: string) => void,
): Promise<TokenResult[]> {
  const results: TokenResult[] = []
  for (const algorithm of ALGORITHMS) {
    const keys = makeKeys(algorithm)
    const payloads = Array.from({ length: scale.tokens }, (_, index) => payload(index))
    const tokens = payloads.map(ourSigner(keys))
    await refuseForged(keys, tokens[0]!)
    const contests = { verify: verifiers(keys, tokens), sign: signers(keys, payloads) }
    for (const operation of ['verify', 'sign'] as const) {
      progress(`${algorithm} ${operation}`)
      const figures = await contest(contests[operation], scale)
      results.push(...figures.map((figure) => ({ algorithm, operation, ...figure })))
    }
  }
  return results
}

function payload(index: number): Payload {
  const now = Math.floor(Date.now() / 1000)
  const sk = randomBytes(24).toString('base64url')
  const roles = ['editor', 'billing']
  return { sk, iat: now - 5, exp: now + 890, sub: `${index}`, uid: index, roles }
}

/** What does not tell a forged token from a good one would be measured doing nothing. */
async function refuseForged(keys: BenchKeys, good: string): Promise<void> {
  const forged = good.replace(/.(?=.{9}$)/, (character) => (character === 'A' ? 'B' : 'A'))
  for (const contestant of verifiers(keys, [good, forged])) {
    const right = (await accepts(contestant, 0)) && !(await accepts(contestant, 1))
    if (!right) throw new Error(`${contestant.name} does not verify ${keys.algorithm}`)
  }
}

async function accepts({ run }: Contestant, index: number): Promise<boolean> {
  try {
    await run(index)
    return true
  } catch {
    return false
  }
}

/** Measures all in turn, again and again, so that a slow minute of the machine is everybody's. */
async function contest(contestants: readonly Contestant[], scale: TokenScale): Promise<Figures[]> {
  const entries = []
  for (const contestant of contestants) {
    const course = new Course(contestant)
    entries.push({ contestant, course, calls: await warmUp(course, scale.batchMs) })
  }
  const figures = entries.map(({ contestant: { name } }) => ({
    contestant: name,
    cpu: [] as number[],
    wall: [] as number[],
  }))
  for (let repetition = 0; repetition < scale.repetitions; repetition++) {
    for (const [index, { course, calls }] of entries.entries()) {
      const taken = await course.run(calls)
      figures[index]!.cpu.push(taken.cpu / calls)
      figures[index]!.wall.push(taken.wall / calls)
    }
  }
  return figures
}

/** @returns how many calls take `batchMs` once the code is compiled */
async function warmUp(course: Course, batchMs: number): Promise<number> {
  for (let calls = AT_ONCE; ; calls *= 2) {
    const { wall } = await course.run(calls)
    if (wall < batchMs * 1000) continue
    return Math.ceil((calls * batchMs * 1000) / wall / AT_ONCE) * AT_ONCE
  }
}

/** One contestant's way round the tokens: it goes on where it stopped, or its cache would know them. */
class Course {
  readonly #contestant: Contestant
  #next = 0

  constructor(contestant: Contestant) {
    this.#contestant = contestant
  }

  /** @returns what the calls took in all, in µs */
  async run(calls: number): Promise<{ cpu: number; wall: number }> {
    const first = this.#next
    this.#next += calls
    const start = performance.now()
    const before = process.cpuUsage()
    if (this.#contestant.atOnce === undefined) callSync(this.#contestant, first, this.#next)
    else await callAsync(this.#contestant, first, this.#next)
    const { user, system } = process.cpuUsage(before)
    return { cpu: user + system, wall: (performance.now() - start) * 1000 }
  }
}

function callSync({ run }: Contestant, first: number, end: number): void {
  for (let index = first; index < end; index++) run(index)
}

async function callAsync(
  { run, atOnce = 1 }: Contestant,
  first: number,
  end: number,
): Promise<void> {
  for (let index = first; index < end; index += atOnce) {
    if (atOnce === 1) await run(index)
    else await Promise.all(Array.from({ length: atOnce }, (_, offset) => run(index + offset)))
  }
}
