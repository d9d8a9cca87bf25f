import { describe, test } from 'node:test'
import type { MaybePromise } from '../session/record.ts'
import { type StoreSuiteOptions, type StoreUnderTest, setUp } from './store-bench.ts'
import { contract } from './store-contract.ts'
import { histories } from './store-histories.ts'
import { races } from './store-races.ts'

export type { StoreSuiteOptions, StoreUnderTest } from './store-bench.ts'

/**
 * Holds a store against everything this package relies on: each verb's contract, races, logouts
 * against slow requests, and random histories compared with a model. Registers tests of `node:test`.
 *
 * @param make makes an empty store for each case; it must take the time from `now`, in ms since
 *   1970, which the cases move as they need
 *
 * @example
 * import { testStore } from 'symbolon/testing/store-suite'
 *
 * testStore('my store', ({ now }) => ({ store: myStore({ now }) }))
 */
export function testStore(
  name: string,
  make: (context: { readonly now: () => number }) => MaybePromise<StoreUnderTest>,
  options: StoreSuiteOptions = {},
): void {
  void describe(name, () => {
    for (const [title, run] of Object.entries({ ...contract, ...races, ...histories })) {
      void test(title, async (context) => {
        const { bench, close } = await setUp(make, options)
        try {
          await run(bench, context)
        } finally {
          await close()
        }
      })
    }
  })
}
