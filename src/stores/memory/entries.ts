import {
  ENDED,
  type SessionRecord,
  type StoredSession,
  TOMBSTONE_MS,
  type UserMark,
} from '../../session/record.ts'
import { handleOf } from '../stored-id.ts'

/** What is kept of one id: its answer to `read`, until `expires`. */
export interface Entry {
  readonly handle: string
  readonly answer: SessionRecord | typeof ENDED
  readonly expires: number
}

/** Two looked at for each one added: the entries that are long dead never outnumber the others. */
const SWEPT_PER_CREATE = 2

/** The entries by id, by handle, and by user. */
export class MemoryEntries {
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  readonly #ids = new Map<string, string>()
  readonly #users = new Map<string, Set<string>>()
  #sweeper = this.#entries.entries()

  constructor(now: () => number) {
    this.#now = now
  }

  find(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    return entry && entry.expires > this.#now() ? entry : undefined
  }

  findRecord(id: string): SessionRecord | undefined {
    const answer = this.find(id)?.answer
    return answer === ENDED ? undefined : answer
  }

  idOf(handle: string): string | undefined {
    return this.#ids.get(handle)
  }

  ofUser(userId: string): StoredSession[] {
    const stored: StoredSession[] = []
    for (const id of this.#users.get(userId) ?? []) {
      const entry = this.find(id)
      if (entry && entry.answer !== ENDED) {
        stored.push({ handle: entry.handle, record: entry.answer })
      }
    }
    return stored
  }

  put(id: string, record: SessionRecord): string {
    const { expires, userId } = record
    const handle = this.#replace(id, { answer: Object.freeze({ ...record }), expires })
    if (userId !== undefined) this.#idsOf(userId).add(id)
    return handle
  }

  end(id: string): string {
    return this.#replace(id, { answer: ENDED, expires: this.#now() + TOMBSTONE_MS })
  }

  /** Ends what the mark covers. */
  endCovered(userId: string, { before, except }: UserMark): void {
    for (const { handle, record } of this.ofUser(userId)) {
      const id = this.#ids.get(handle)
      if (id !== undefined && record.created <= before && !except.includes(handle)) this.end(id)
    }
  }

  sweepSome(): void {
    for (let looked = 0; looked < SWEPT_PER_CREATE; looked++) {
      const { done, value } = this.#sweeper.next()
      if (done) this.#sweeper = this.#entries.entries()
      else this.#deleteIfExpired(...value)
    }
  }

  sweep(): number {
    const before = this.#entries.size
    for (const [id, entry] of this.#entries) this.#deleteIfExpired(id, entry)
    return before - this.#entries.size
  }

  clear(): void {
    for (const kept of [this.#entries, this.#ids, this.#users]) kept.clear()
  }

  #replace(id: string, changed: Omit<Entry, 'handle'>): string {
    const before = this.#entries.get(id)
    const handle = before?.handle ?? handleOf(id)
    if (before) this.#forgetUser(id, before)
    else this.#ids.set(handle, id)
    this.#entries.set(id, { handle, ...changed })
    return handle
  }

  #deleteIfExpired(id: string, entry: Entry): void {
    if (entry.expires > this.#now()) return
    this.#entries.delete(id)
    this.#ids.delete(entry.handle)
    this.#forgetUser(id, entry)
  }

  #idsOf(userId: string): Set<string> {
    const ids = this.#users.get(userId) ?? new Set()
    this.#users.set(userId, ids)
    return ids
  }

  #forgetUser(id: string, { answer }: Entry): void {
    if (answer === ENDED || answer.userId === undefined) return
    const ids = this.#users.get(answer.userId)
    ids?.delete(id)
    if (ids?.size === 0) this.#users.delete(answer.userId)
  }
}
