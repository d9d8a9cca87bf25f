import { setImmediate as turn } from 'node:timers/promises'
import type { MaybePromise, Store } from '../session/record.ts'

export type Verb = 'read' | 'create' | 'update' | 'touch' | 'end'

/** A store that tells which verbs were asked of it, and fails those it is told to. */
export interface StoreProbe extends Store {
  /** The verbs asked so far, in order. */
  readonly calls: Verb[]
  readonly failing: Set<Verb>
}

/**
 * Puts a probe before a store.
 *
 * @param way `'at once'`: answers as the store does. `'later'`: by promises, a turn of the event loop
 *   later, as a server would
 */
export function probe(store: Store, way: 'at once' | 'later'): StoreProbe {
  const calls: Verb[] = []
  const failing = new Set<Verb>()
  function ask<T>(verb: Verb, answer: () => MaybePromise<T>): MaybePromise<T> {
    calls.push(verb)
    const answerOrFail = (): MaybePromise<T> => {
      if (failing.has(verb)) throw new Error(`The store fails at ${verb}`)
      return answer()
    }
    return way === 'at once' ? answerOrFail() : turn().then(answerOrFail)
  }
  return {
    calls,
    failing,
    guarantees: store.guarantees,
    read: (id) => ask('read', () => store.read(id)),
    create: (id, record) => ask('create', () => store.create(id, record)),
    update: (id, record, seen) => ask('update', () => store.update(id, record, seen)),
    touch: (id, expires) => ask('touch', () => store.touch(id, expires)),
    end: (id, seen) => ask('end', () => store.end(id, seen)),
  }
}
