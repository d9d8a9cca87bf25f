import { describe, mock, test } from 'node:test'
import { type ConnectStore, connect } from '../../src/stores/connect.ts'
import { setUp, type StoreSuiteOptions } from '../../src/testing/store-bench.ts'
import { contract } from '../../src/testing/store-contract.ts'
import { histories } from '../../src/testing/store-histories.ts'
import { races } from '../../src/testing/store-races.ts'

const cases = Object.entries({ ...contract, ...races, ...histories })
const HOUR = 3_600_000

/** Part of the titles of cases → why they do not apply. */
export type Exceptions = Readonly<Record<string, string>>

/** connect.test.ts holds what is promised instead. */
const NEVER: Exceptions = {
  'byte by byte': 'data are properties there: what JSON.stringify made comes back, no other text',
  'ids are opaque text': 'an id that could lead out of the folder of a file store is refused',
  sweep: 'these stores remove what has expired by themselves',
  swept: 'the same',
}

export interface ForeignStore {
  readonly store: ConnectStore
  readonly close?: () => unknown
}

/** Runs the suite of stores on `connect(store)`, but for the cases that do not apply. */
export function testConnect(
  name: string,
  make: () => ForeignStore | Promise<ForeignStore>,
  { except = {}, ...options }: StoreSuiteOptions & { readonly except?: Exceptions } = {},
): void {
  const exceptions = Object.keys({ ...NEVER, ...except })
  void describe(`connect() on ${name}`, () => {
    for (const [title, run] of cases) {
      if (exceptions.some((part) => title.includes(part))) continue
      void test(title, async (context) => {
        const { bench, close } = await setUp(async ({ now }) => {
          // The store's own clock stands in the past, so that only the suite's ends sessions.
          mock.timers.enable({ apis: ['Date'], now: now() - HOUR })
          const foreign = await make()
          return {
            store: connect(punctual(foreign.store, now), { now }),
            close: async () => void (await foreign.close?.()),
          }
        }, options)
        try {
          await run(bench, context)
        } finally {
          mock.timers.reset()
          await close()
        }
      })
    }
  })
}

/**
 * The store as it would be if its clock were the suite's and counted milliseconds: what has expired
 * by what it was told last is not there.
 */
function punctual(store: ConnectStore, now: () => number): ConnectStore {
  const ends = new Map<string, number>()
  const hear = (id: string, session: object): void =>
    void ends.set(id, (session as { cookie: { expires: Date } }).cookie.expires.getTime())
  return {
    get: (id, callback) =>
      store.get(id, (error, session) =>
        callback(error, (ends.get(id) ?? Infinity) > now() ? session : undefined),
      ),
    set: (id, session, callback) => {
      hear(id, session)
      return store.set(id, session, callback)
    },
    ...(store.touch && {
      touch: (id, session, callback) => {
        hear(id, session)
        return store.touch?.(id, session, callback)
      },
    }),
    destroy: (id, callback) => store.destroy(id, callback),
  }
}
