import type { Data } from './data.ts'

export interface Merged {
  readonly data: Data
  /** Properties that both changed; ours stands. */
  readonly overwritten: readonly string[]
}

/**
 * Joins two changes of one session, property by property at the top level (R18): what only one side
 * changed is kept, of what both changed ours stands.
 *
 * @param read what our request read
 * @param ours what it made of it
 * @param theirs what another request stored meanwhile
 */
export function merge(read: Data, ours: Data, theirs: Data): Merged {
  const data: Data = Object.create(null)
  const overwritten: string[] = []
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    const weChanged = !same(own(read, name), own(ours, name))
    const theyChanged = !same(own(read, name), own(theirs, name))
    const value = weChanged ? own(ours, name) : own(theirs, name)
    if (value !== undefined) data[name] = value
    if (weChanged && theyChanged && !same(own(ours, name), own(theirs, name))) {
      overwritten.push(name)
    }
  }
  return { data, overwritten }
}

function own(data: Data, name: string): unknown {
  return Object.hasOwn(data, name) ? data[name] : undefined
}

function same(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right)
}
