import type { Store } from 'symbolon'

const VERBS = [
  ...(['read', 'create', 'update', 'touch', 'end'] as const),
  ...(['ofUser', 'updateHandle', 'endHandle', 'revokeUser', 'userMark'] as const),
] as const

type Verb = (...values: unknown[]) => unknown

/**
 * A store that fails now and then: half of the times before it has done what was asked, half of them
 * after, as a server does whose answer is lost.
 *
 * @param share of the calls that fail, 0.01 for one in a hundred
 */
export function faultyStore(store: Required<Store>, share: number): Store {
  const failing = (verb: Verb): Verb => {
    return (...values) => {
      const chance = Math.random()
      if (chance < share / 2) throw new Error('The call is lost')
      const answer = verb(...values)
      if (chance < share) throw new Error('The answer is lost')
      return answer
    }
  }
  const verbs = VERBS.map((name) => [name, failing(store[name].bind(store) as Verb)])
  const log = store.revocations
  const revocations = {
    add: failing(log.add.bind(log) as Verb),
    since: failing(log.since.bind(log) as Verb),
  }
  return { ...store, ...(Object.fromEntries(verbs) as Store), revocations } as Store
}
