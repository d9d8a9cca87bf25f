import type { Store } from '../../src/session/record.ts'

type Member = (...values: unknown[]) => unknown

/** Members that answer at once in every store. */
const IMMEDIATE = new Set(['handle', 'changes'])

/** The same store answering by promises, a turn of the event loop later: as a server would. */
export function slow<Slow extends Store>(store: Slow): Slow {
  const later = (answer: () => unknown) =>
    new Promise<void>((resolve) => setImmediate(resolve)).then(answer)
  return wrapped(store, (name, member) =>
    IMMEDIATE.has(name) ? member : (...values) => later(() => member(...values)),
  )
}

export type Verb = 'read' | 'create' | 'update' | 'touch' | 'end'

const VERBS: ReadonlySet<string> = new Set<Verb>(['read', 'create', 'update', 'touch', 'end'])

/** A store that counts the calls of its five verbs, and fails the members that `failing` lists. */
export function faulty<Faulty extends Store>(
  store: Faulty,
): Faulty & { calls: Verb[]; failing: Set<keyof Store> } {
  const calls: Verb[] = []
  const failing = new Set<keyof Store>()
  const counted = wrapped(store, (name, member) => (...values) => {
    if (VERBS.has(name)) calls.push(name as Verb)
    if (failing.has(name)) throw new Error('the disk is on fire')
    return member(...values)
  })
  return { ...counted, calls, failing }
}

function wrapped<Wrapped extends Store>(
  store: Wrapped,
  wrap: (name: keyof Store, member: Member) => Member,
): Wrapped {
  const members = Object.entries(store).map(([name, member]) =>
    typeof member === 'function'
      ? [name, wrap(name as keyof Store, (member as Member).bind(store))]
      : [name, member],
  )
  return Object.fromEntries(members) as Wrapped
}
