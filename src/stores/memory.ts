import type { Store, UserMark } from '../session/record.ts'
import { ChangeListeners } from './change-listeners.ts'
import { MemoryEntries } from './memory/entries.ts'
import { memoryRevocations } from './memory/revocations.ts'
import { handleOf } from './stored-id.ts'

/**
 * Keeps sessions in this process: for tests, and for a single process that may forget everything
 * when it restarts. Every verb answers at once, and records are frozen.
 *
 * @param options.now the clock, in ms since 1970; default `Date.now`
 *
 * @example
 * const sessions = createSessions({ keys, fields, store: memory() })
 */
export function memory({ now = Date.now }: { readonly now?: () => number } = {}): Required<Store> {
  const entries = new MemoryEntries(now)
  const marks = new Map<string, UserMark>()
  const listeners = new ChangeListeners()
  const toldOf = (handle: string): 'ok' => {
    listeners.tell({ kind: 'session', handle })
    return 'ok'
  }
  const markOf = (userId: string): UserMark | undefined => {
    const mark = marks.get(userId)
    return mark && mark.expires > now() ? mark : undefined
  }
  const sweepMarks = (): void => {
    for (const [userId, { expires }] of marks) if (expires <= now()) marks.delete(userId)
  }

  const update: Store['update'] = (id, record, seen) => {
    const stored = entries.findRecord(id)
    if (!stored) return 'gone'
    return stored.version === seen ? toldOf(entries.put(id, record)) : 'conflict'
  }
  const end = (id: string, seen?: string): 'ok' | 'conflict' | 'gone' => {
    const stored = entries.findRecord(id)
    if (!stored) return 'gone'
    if (seen !== undefined && stored.version !== seen) return 'conflict'
    return toldOf(entries.end(id))
  }

  return {
    guarantees: { noRevival: true, noLostUpdate: true, durableLogout: false, hearsChanges: true },

    read: (id) => entries.find(id)?.answer,

    create(id, record) {
      entries.sweepSome()
      if (entries.find(id)) return false
      entries.put(id, record)
      const mark = record.userId === undefined ? undefined : markOf(record.userId)
      if (record.userId !== undefined && mark) entries.endCovered(record.userId, mark)
      return true
    },

    update,

    touch(id, expires) {
      const stored = entries.findRecord(id)
      if (!stored) return false
      if (expires > stored.expires) entries.put(id, { ...stored, expires })
      return true
    },

    end,

    handle: handleOf,
    ofUser: (userId) => entries.ofUser(userId),

    updateHandle(handle, record, seen) {
      const id = entries.idOf(handle)
      return id === undefined ? 'gone' : update(id, record, seen)
    },

    endHandle(handle) {
      const id = entries.idOf(handle)
      return id !== undefined && end(id) === 'ok'
    },

    revokeUser(userId, mark) {
      sweepMarks()
      const earlier = marks.get(userId) ?? mark
      const before = Math.max(mark.before, earlier.before)
      const expires = Math.max(mark.expires, earlier.expires)
      const written = { before, except: [...mark.except], expires }
      marks.set(userId, written)
      entries.endCovered(userId, written)
      listeners.tell({ kind: 'user', userId })
    },

    userMark: markOf,
    revocations: memoryRevocations(now, (change) => listeners.tell(change)),
    changes: (hear) => listeners.add(hear),

    sweep() {
      sweepMarks()
      return entries.sweep()
    },

    close() {
      entries.clear()
      marks.clear()
      listeners.clear()
    },
  }
}
