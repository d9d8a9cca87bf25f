import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { MaybePromise } from 'symbolon'
import { type Growable, type Growing, KINDS, type Kind, startGrowing } from './growth/stores.ts'
import { type Summary, quantile, ratio } from './statistics.ts'
import { idOf, userOf } from './stores/filling.ts'

export interface GrowthScale {
  /** How many sessions there are, each number of them in a store of its own. */
  readonly sizes: Readonly<Record<Kind, readonly number[]>>
  /** How many times each operation is done before it is another's turn. */
  readonly calls: number
  readonly repetitions: number
}

/** The times of each repetition, in µs. */
export interface GrowthResult {
  readonly kind: Kind
  readonly operation: Operation
  readonly size: number
  /** What a session takes there, with its share of all indexes: of the disk, or of Redis' memory. */
  readonly bytes: number
  readonly p50: readonly number[]
  readonly p99: readonly number[]
}

interface Cell {
  readonly kind: Kind
  readonly operation: Operation
  readonly size: number
  readonly grown: Growable
  readonly bytes: number
  readonly p50: number[]
  readonly p99: number[]
}

export type Operation = keyof typeof OPERATIONS

/** So many one batch of every store removes, and sees that there are no more. */
const EXPIRED = 199
/** Beyond the numbers of all other sessions. */
const EXPIRED_FROM = 10_000_000

/** Each does something to one session of many, sees that it was done, and tells the time it took. */
const OPERATIONS = {
  async read({ store }: Growable, number: number): Promise<number> {
    const { taken, answer } = await timed(() => store.read(idOf(number), userOf(number)))
    assert.equal(typeof answer, 'object')
    return taken
  },

  async write({ store }: Growable, number: number): Promise<number> {
    const id = idOf(number)
    const record = await store.read(id)
    assert(typeof record === 'object')
    const next = { ...record, version: randomUUID() }
    const { taken, answer } = await timed(() => store.update(id, next, record.version))
    assert.equal(answer, 'ok')
    return taken
  },

  async 'list of a user'({ store }: Growable, number: number): Promise<number> {
    const { taken, answer } = await timed(() => store.ofUser!(userOf(number)))
    assert(answer.length > 0)
    return taken
  },

  async sweep({ store, addSessions }: Growable): Promise<number> {
    await addSessions({ from: EXPIRED_FROM, count: EXPIRED, isExpired: true })
    const { taken, answer } = await timed(() => store.sweep!())
    assert.equal(answer, EXPIRED)
    return taken
  },
}

/** In µs; with no turn of the event loop where the store answers at once. */
async function timed<T>(call: () => MaybePromise<T>): Promise<{ taken: number; answer: T }> {
  const start = performance.now()
  const promise = call()
  const answer = promise instanceof Promise ? await promise : promise
  return { taken: (performance.now() - start) * 1000, answer }
}

/**
 * Does the same with few sessions in a store and with many, one call after the other. All sizes of a
 * store take turns, so that what slows the machine down slows them all.
 *
 * @param folder where files may lie
 */
export async function measureGrowth(
  scale: GrowthScale,
  folder: string,
  progress: (what: string) => void,
): Promise<GrowthResult[]> {
  const results: GrowthResult[] = []
  for (const kind of KINDS) {
    progress(`filling ${kind}`)
    const growing = await startGrowing(kind, folder)
    if (growing === undefined) continue
    try {
      const cells = await fillCells(kind, growing, scale.sizes[kind])
      for (let repetition = 0; repetition <= scale.repetitions; repetition++) {
        progress(`${kind}, ${repetition === 0 ? 'warming up' : `repetition ${repetition}`}`)
        for (const cell of cells) await measure(cell, scale.calls)
      }
      results.push(...cells.map(resultOf))
    } finally {
      await growing.close()
    }
  }
  return results
}

async function fillCells(kind: Kind, growing: Growing, sizes: readonly number[]): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const size of sizes) {
    const grown = await growing.add()
    await grown.addSessions({ from: 1, count: size })
    const bytes = (await grown.bytes()) / size
    for (const operation of Object.keys(OPERATIONS) as Operation[]) {
      if (operation === 'sweep' && grown.store.sweep === undefined) continue
      cells.push({ kind, operation, size, grown, bytes, p50: [], p99: [] })
    }
  }
  return cells
}

async function measure({ operation, size, grown, p50, p99 }: Cell, calls: number): Promise<void> {
  const times = new Float64Array(operation === 'sweep' ? 1 : calls)
  for (let call = 0; call < times.length; call++) {
    const number = 1 + Math.floor(Math.random() * size)
    times[call] = await OPERATIONS[operation](grown, number)
  }
  times.sort()
  p50.push(quantile(times, 0.5))
  p99.push(quantile(times, 0.99))
}

function resultOf({ kind, operation, size, bytes, p50, p99 }: Cell): GrowthResult {
  // The first repetition only warmed up.
  return { kind, operation, size, bytes, p50: p50.slice(1), p99: p99.slice(1) }
}

/**
 * How many times as long the p99 takes in the largest store as in the smallest.
 *
 * @param results of one operation of one kind of store, the smallest first
 */
export function growthOf(results: readonly GrowthResult[]): Summary {
  return ratio(results.at(-1)!.p99, results[0]!.p99)
}
