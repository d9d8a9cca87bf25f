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
    const [before, mine, other] = [textOf(read, name), textOf(ours, name), textOf(theirs, name)]
    const weChanged = mine !== before
    const kept = weChanged ? ours : theirs
    if (textOf(kept, name) !== undefined) data[name] = kept[name]
    if (weChanged && other !== before && other !== mine) overwritten.push(name)
  }
  return { data, overwritten }
}

function textOf(data: Data, name: string): string | undefined {
  return Object.hasOwn(data, name) ? JSON.stringify(data[name]) : undefined
}
