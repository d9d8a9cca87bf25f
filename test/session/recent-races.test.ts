import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveOptions } from '../../src/session/options.ts'
import { RecentRecords } from '../../src/session/recent.ts'
import {
  ENDED,
  type SessionRecord,
  type Store,
  type StoreChange,
} from '../../src/session/record.ts'
import type { Read, Verbs } from '../../src/session/store-guard.ts'
import { memory } from '../../src/stores/memory.ts'
import { type Random, seededRandom } from '../../src/testing/random.ts'

const HISTORIES = 10_000
const STEPS = 16
const ID = 'id'
const USER = 'ada'

/** One session in a store far away: requests travel there, and answers back, in whatever order. */
class FarStore {
  readonly #random: Random
  readonly #travelling = new Set<() => void>()
  readonly verbs: Verbs
  /** Infinity when the session has ended. */
  version = 1

  constructor(random: Random) {
    this.#random = random
    this.verbs = {
      read: () => this.#ask(() => (this.version === Infinity ? ENDED : recordOf(this.version))),
      create: () => true,
      update: () => this.#ask(() => (this.version++, 'ok')),
      touch: () => this.#ask(() => true),
      end: () => this.#ask(() => ((this.version = Infinity), 'ok')),
    }
  }

  get travelling(): number {
    return this.#travelling.size
  }

  arrive(): void {
    const all = [...this.#travelling]
    if (all.length > 0) all[this.#random(all.length)]!()
  }

  #ask<T>(answer: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const lost = this.#random(20) === 0
    this.#travel(() => {
      const given = answer()
      this.#travel(() => (lost ? reject(new Error('the connection broke')) : resolve(given)))
    })
    return promise
  }

  #travel(arrived: () => void): void {
    const move = (): void => {
      this.#travelling.delete(move)
      arrived()
    }
    this.#travelling.add(move)
  }
}

function recordOf(version: number): SessionRecord {
  const text = '{}'
  return {
    version: String(version),
    userId: USER,
    claims: text,
    data: text,
    created: 0,
    expires: 1e15,
  }
}

function versionOf(read: Read): number {
  return read === undefined || read === ENDED ? Infinity : Number(read.version)
}

const CHANGES: readonly StoreChange[] = [
  { kind: 'session', handle: `handle of ${ID}` },
  { kind: 'user', userId: USER },
  { kind: 'gap' },
]

/** One process and its memory, and another that writes and of which it is told later. */
class History {
  readonly #random: Random
  readonly #store: FarStore
  readonly #process: Verbs
  #tell: (change: StoreChange) => void = () => undefined
  readonly #toTell: (() => void)[] = []
  /** Acknowledged here, or told of: whoever begins to read now may not get less. */
  #known = 1
  reads = 0
  readonly stale: string[] = []

  constructor(seed: number) {
    this.#random = seededRandom(seed * 2_654_435_761)
    this.#store = new FarStore(this.#random)
    const listened: Store = {
      ...memory(),
      handle: (id) => `handle of ${id}`,
      changes: (hear) => ((this.#tell = hear), () => undefined),
    }
    const settings = resolveOptions({ maxStale: '10s', now: () => 0 }, [])
    this.#process = new RecentRecords(settings, listened).guard(this.#store.verbs)
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#step(this.#random(12))
      if (this.#random(2) === 0) await turn()
    }
    await this.#settle()
    void this.#read(true)
    await this.#settle()
  }

  #step(choice: number): void {
    if (choice < 3) void this.#read(true)
    else if (choice === 3) void this.#read(false)
    else if (choice === 4) void this.#write(this.#random(4) === 0 ? 'end' : 'update')
    else if (choice === 5) void this.#write('touch')
    else if (choice === 6) this.#writeElsewhere()
    else if (choice === 7) this.#toTell.shift()?.()
    else this.#store.arrive()
  }

  async #settle(): Promise<void> {
    do {
      this.#store.arrive()
      await turn()
    } while (this.#store.travelling > 0)
  }

  async #read(safe: boolean): Promise<void> {
    const atLeast = this.#known
    const recalled = safe ? this.#process.recall?.(ID) : undefined
    const read = await Promise.resolve(recalled ?? this.#process.read(ID)).catch(() => undefined)
    this.reads++
    if (versionOf(read) < atLeast) this.stale.push(`${versionOf(read)} where ${atLeast} is known`)
  }

  async #write(verb: 'update' | 'end' | 'touch'): Promise<void> {
    const before = this.#store.version
    try {
      if (verb === 'end') await this.#process.end(ID)
      else if (verb === 'touch') await this.#process.touch(ID, 0)
      else await this.#process.update(ID, recordOf(0), '')
    } catch {
      return
    }
    const written = { update: before + 1, end: Infinity, touch: before }[verb]
    this.#known = Math.max(this.#known, written)
  }

  #writeElsewhere(): void {
    const written = ++this.#store.version
    const change = CHANGES[this.#random(CHANGES.length)]!
    this.#toTell.push(() => {
      this.#tell(change)
      this.#known = Math.max(this.#known, written)
    })
  }
}

/** Lets everything that has arrived be heard. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test(`RAC-04 CCH-05 ${HISTORIES} histories: nobody reads less than this process knows`, async () => {
  let reads = 0
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const history = new History(seed)
    await history.run()
    assert.deepEqual(history.stale, [], `seed ${seed}`)
    reads += history.reads
  }
  assert.ok(reads > HISTORIES)
})
