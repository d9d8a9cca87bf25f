import type { MaybePromise, Store, StoreChange } from '../session/record.ts'
import { TimeLimit } from './time-limit.ts'

const START_MS = 5000
/** What does not speak with the server. */
const AT_ONCE: readonly string[] = ['handle', 'changes', 'close', 'setUp']

interface Starting {
  readonly store: Store
  readonly start: () => Promise<unknown>
  readonly stop: () => Promise<unknown>
}

type Verb = (...values: unknown[]) => MaybePromise<unknown>

/** A store whose verbs wait while it starts. A start that failed is tried again by the next verb. */
export function startedStore({ store, start, stop }: Starting): Store {
  const limit = new TimeLimit(START_MS)
  let isStarted = false
  let starting: Promise<void> | undefined

  const begin = async (): Promise<void> => {
    try {
      await start()
      isStarted = true
    } finally {
      starting = undefined
    }
  }
  const whenStarted = <T>(ask: () => MaybePromise<T>): MaybePromise<T> => {
    if (isStarted) return ask()
    starting ??= begin()
    return limit.hold(starting).then(ask)
  }
  const waiting = <Verbs extends object>(verbs: Verbs): Verbs => {
    const members = Object.entries(verbs as Record<string, unknown>).map(([name, member]) => {
      if (typeof member !== 'function' || AT_ONCE.includes(name)) return [name, member]
      return [name, (...values: unknown[]) => whenStarted(() => (member as Verb)(...values))]
    })
    return Object.fromEntries(members) as Verbs
  }
  const hearing = (hear: (change: StoreChange) => void): (() => Promise<void>) => {
    const heard = (async () => whenStarted(() => store.changes?.(hear)))().catch(() => undefined)
    return async () => (await heard)?.()
  }

  return {
    ...waiting(store),
    ...(store.revocations && { revocations: waiting(store.revocations) }),
    ...('changes' in store && { changes: hearing }),
    async close() {
      await store.close?.()
      await stop()
    },
  }
}
