import { ENDED, type SessionRecord, type Store, TOMBSTONE_MS } from '../session/record.ts'

/** What is kept of one id: its answer to `read`, until `expires`. */
interface Entry {
  readonly answer: SessionRecord | typeof ENDED
  readonly expires: number
}

/** Two looked at for each one added: the entries that are long dead never outnumber the others. */
const SWEPT_PER_CREATE = 2

/**
 * Keeps sessions in this process: for tests, and for a single process that may forget everything
 * when it restarts. Every verb answers at once, and records are frozen.
 *
 * @param options.now the clock, in ms since 1970; default `Date.now`
 *
 * @example
 * const sessions = createSessions({ keys, fields, store: memory() })
 */
export function memory({ now = Date.now }: { readonly now?: () => number } = {}): Store &
  Required<Pick<Store, 'sweep' | 'close'>> {
  const entries = new Map<string, Entry>()
  let sweeper = entries.entries()

  const find = (id: string): Entry | undefined => {
    const entry = entries.get(id)
    return entry && entry.expires > now() ? entry : undefined
  }
  const findRecord = (id: string): SessionRecord | undefined => {
    const answer = find(id)?.answer
    return answer === ENDED ? undefined : answer
  }
  const put = (id: string, record: SessionRecord): void => {
    entries.set(id, { answer: Object.freeze({ ...record }), expires: record.expires })
  }
  const sweepSome = (): void => {
    for (let looked = 0; looked < SWEPT_PER_CREATE; looked++) {
      const { done, value } = sweeper.next()
      if (done) sweeper = entries.entries()
      else if (value[1].expires <= now()) entries.delete(value[0])
    }
  }

  return {
    guarantees: { noRevival: true, noLostUpdate: true, durableLogout: false, hearsChanges: true },

    read: (id) => find(id)?.answer,

    create(id, record) {
      sweepSome()
      if (find(id)) return false
      put(id, record)
      return true
    },

    update(id, record, seen) {
      const stored = findRecord(id)
      if (!stored) return 'gone'
      if (stored.version !== seen) return 'conflict'
      put(id, record)
      return 'ok'
    },

    touch(id, expires) {
      const stored = findRecord(id)
      if (!stored) return false
      if (expires > stored.expires) put(id, { ...stored, expires })
      return true
    },

    end(id, seen) {
      const stored = findRecord(id)
      if (!stored) return 'gone'
      if (seen !== undefined && stored.version !== seen) return 'conflict'
      entries.set(id, { answer: ENDED, expires: now() + TOMBSTONE_MS })
      return 'ok'
    },

    sweep() {
      const before = entries.size
      for (const [id, { expires }] of entries) if (expires <= now()) entries.delete(id)
      return before - entries.size
    },

    close: () => entries.clear(),
  }
}
