import { after, before, describe, test } from 'node:test'
import { AdapterBench, type Serve } from './adapter-bench.ts'
import { adapterRoutes } from './adapter-routes.ts'
import { failures } from './adapter-failures.ts'
import { heads } from './adapter-heads.ts'
import { hostile } from './adapter-hostile.ts'
import { life } from './adapter-life.ts'

export type { Serve, Served, SuiteAnswer, SuiteApp, SuiteContext } from './adapter-bench.ts'

const WAYS = [
  ['at once', 0],
  ['later', 0],
  ['later', '10s'],
] as const

/**
 * Holds an adapter against everything this package promises of one, over real HTTP: the life of a
 * session, what becomes of the response head, a store that fails, hostile cookies. Every case runs
 * three times: on a store that answers at once, on one that answers later, and on one whose answers are
 * remembered for `maxStale`. Registers tests of `node:test`.
 *
 * @param serve serves the suite's routes through the adapter, in the words of its framework
 *
 * @example
 * import { testAdapter } from 'symbolon/testing/adapter-suite'
 *
 * testAdapter('my framework', async (sessions, app) => {
 *   const server = await serveMine(sessions, app)
 *   return { url: server.url, close: () => server.close() }
 * })
 */
export function testAdapter(name: string, serve: Serve): void {
  for (const [way, maxStale] of WAYS) {
    void describe(`${name}, the store answers ${way}, maxStale ${maxStale}`, () => {
      const bench = new AdapterBench(serve, way, maxStale, adapterRoutes)
      before(() => bench.open())
      after(() => bench.close())
      for (const [title, run] of Object.entries({ ...life, ...heads, ...failures, ...hostile })) {
        void test(title, async () => {
          bench.reset()
          await run(bench)
        })
      }
    })
  }
}
