import { describe, test, type TestContext } from 'node:test'
import type { Store } from '../session/record.ts'
import {
  type MakeStore,
  setUp,
  type StoreBench,
  type StoreCase,
  type StoreSuiteOptions,
} from './store-bench.ts'
import { STORE_CASES } from './store-cases.ts'

export type { StoreSuiteOptions, StoreUnderTest } from './store-bench.ts'

/**
 * Holds a store against everything this package relies on: each verb's contract, races, logouts
 * against slow requests, and random histories compared with a model; and the optional members that
 * it has: a user's sessions, the revocation log, the telling of changes. Registers tests of
 * `node:test`.
 *
 * @param make makes an empty store for each case; it must take the time from `now`, in ms since
 *   1970, which the cases move as they need
 *
 * @example
 * import { testStore } from 'symbolon/testing/store-suite'
 *
 * testStore('my store', ({ now }) => ({ store: myStore({ now }) }))
 */
export function testStore(name: string, make: MakeStore, options: StoreSuiteOptions = {}): void {
  void describe(name, () => {
    const without: readonly string[] = options.without ?? []
    for (const [group, { members, cases }] of Object.entries(STORE_CASES)) {
      if (without.includes(group)) continue
      const runCases = async (context: TestContext): Promise<void> => {
        const lacking = await lackingOf(make, members)
        if (lacking !== undefined) return context.skip(`the store has no ${lacking}`)
        for (const [title, run] of Object.entries(cases)) {
          await context.test(title, (own) => runCase(run, own, make, options))
        }
      }
      void test(group, runCases)
    }
  })
}

async function lackingOf(
  make: MakeStore,
  members: readonly (keyof Store)[],
): Promise<string | undefined> {
  const { bench, close } = await setUp(make, {})
  await close()
  return members.find((member) => bench.store[member] === undefined)
}

async function runCase(
  run: StoreCase<Required<Store>>,
  context: TestContext,
  make: MakeStore,
  options: StoreSuiteOptions,
): Promise<void> {
  const { bench, close } = await setUp(make, options)
  try {
    await run(bench as StoreBench<Required<Store>>, context)
  } finally {
    await close()
  }
}
