import type { Store } from '../../src/session/record.ts'

/** The same store answering by promises, a turn of the event loop later: as a server would. */
export function slow(store: Store): Store {
  const later = <T>(answer: () => T): Promise<Awaited<T>> =>
    new Promise<void>((resolve) => setImmediate(resolve)).then(answer) as Promise<Awaited<T>>
  return {
    guarantees: store.guarantees,
    read: (id) => later(() => store.read(id)),
    create: (id, record) => later(() => store.create(id, record)),
    update: (id, record, seen) => later(() => store.update(id, record, seen)),
    touch: (id, expires) => later(() => store.touch(id, expires)),
    end: (id, seen) => later(() => store.end(id, seen)),
  }
}

export type Verb = 'read' | 'create' | 'update' | 'touch' | 'end'

/** A store that counts its calls, and fails those verbs that are listed in `failing`. */
export function faulty(store: Store): Store & { calls: Verb[]; failing: Set<Verb> } {
  const calls: Verb[] = []
  const failing = new Set<Verb>()
  const call = <T>(verb: Verb, answer: () => T): T => {
    calls.push(verb)
    if (failing.has(verb)) throw new Error('the disk is on fire')
    return answer()
  }
  return {
    calls,
    failing,
    guarantees: store.guarantees,
    read: (id) => call('read', () => store.read(id)),
    create: (id, record) => call('create', () => store.create(id, record)),
    update: (id, record, seen) => call('update', () => store.update(id, record, seen)),
    touch: (id, expires) => call('touch', () => store.touch(id, expires)),
    end: (id, seen) => call('end', () => store.end(id, seen)),
  }
}
