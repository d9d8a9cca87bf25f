import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { MaybePromise, SessionRecord, Store } from '../session/record.ts'
import { type Random, seededRandom } from './random.ts'

/** What `make` gives to {@link testStore}. */
export interface StoreUnderTest {
  readonly store: Store
  /** Another instance on the same records, as in another process: races run through both. */
  readonly other?: Store
  /** Ends what the case leaves open; called after each. */
  readonly close?: () => MaybePromise<void>
}

/** Makes an empty store that takes the time from `now`, in ms since 1970. */
export type MakeStore = (context: { readonly now: () => number }) => MaybePromise<StoreUnderTest>

/** How much chance a run takes. */
export interface StoreSuiteOptions {
  /** Where the random choices start; a failure names it. */
  readonly seed?: number
  /** Random histories that are compared with a model; default 1,000. */
  readonly histories?: number
  /** Logouts against slow requests; default 10,000. */
  readonly logouts?: number
  /** How often each of 64 writers adds one to a counter; default 100. */
  readonly increments?: number
  /**
   * What the store does not offer: the cases of these groups are left out. Without it those of members
   * that the store lacks are skipped.
   */
  readonly without?: readonly ('sweep' | 'users' | 'revocations' | 'changes')[]
  /** How long a change may take to be told, in ms; default 10,000, for slow machines. */
  readonly patience?: number
}

/** What a case of the suite works with. */
export interface StoreBench<Tested extends Store = Store> extends Required<
  Omit<StoreSuiteOptions, 'without'>
> {
  readonly store: Tested
  readonly other: Tested
  readonly clock: Clock
  readonly random: Random
}

/** A store that has these optional members. */
export type StoreWith<Member extends keyof Store> = Store & Required<Pick<Store, Member>>

export type StoreCase<Tested extends Store = Store> = (
  bench: StoreBench<Tested>,
  context: TestContext,
) => Promise<void>

/** Stands still until it is moved. */
export class Clock {
  #time = Date.now()

  readonly now = (): number => this.#time

  advance(ms: number): void {
    this.#time += ms
  }
}

export const MINUTE = 60_000
export const YEAR_9999: number = Date.UTC(9999, 11, 31)

/** A record that lives for a minute, or as `changes` say. */
export function recordAt({ now }: Clock, changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    version: newVersion(),
    userId: 'ada',
    claims: '{"uid":"ada"}',
    data: '{"cart":[1]}',
    created: now(),
    expires: now() + MINUTE,
    ...changes,
  }
}

export function newId(): string {
  return randomUUID()
}

export function newVersion(): string {
  return randomUUID()
}

export async function setUp(
  make: MakeStore,
  options: StoreSuiteOptions,
): Promise<{ bench: StoreBench; close: () => MaybePromise<void> }> {
  const clock = new Clock()
  const { store, other = store, close = () => undefined } = await make({ now: clock.now })
  const { seed = 1, histories = 1000, logouts = 10_000 } = options
  const { increments = 100, patience = 10_000 } = options
  const amounts = { seed, histories, logouts, increments, patience }
  const bench = { store, other, clock, random: seededRandom(seed), ...amounts }
  return { bench, close }
}
