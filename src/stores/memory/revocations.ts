import { randomUUID } from 'node:crypto'
import type { RevocationLog, StoreChange } from '../../session/record.ts'

/** The numbered entries of one process; the numbers begin anew with each. */
export function memoryRevocations(
  now: () => number,
  tell: (change: StoreChange) => void,
): RevocationLog {
  const generation = randomUUID()
  let last = 0
  const kept: { readonly number: number; readonly text: string; readonly expires: number }[] = []
  return {
    add(text, expires) {
      while (kept[0] && kept[0].expires <= now()) kept.shift()
      kept.push({ number: ++last, text, expires })
      tell({ kind: 'revocation' })
    },
    since(after) {
      const living = kept.filter(({ number, expires }) => number > after && expires > now())
      return { generation, last, entries: living.map(({ number, text }) => ({ number, text })) }
    },
  }
}
