import type { Settings } from './options.ts'
import {
  ENDED,
  type MaybePromise,
  type SessionRecord,
  type Store,
  type StoreChange,
} from './record.ts'
import { isPromise } from './steps.ts'
import type { Read, Verbs } from './store-guard.ts'

/** What all that is remembered may take. */
const MOST_BYTES = 32 * 2 ** 20
/** What one session takes beside the text of its data and claims; measured: 0.5 KiB. */
const BYTES_BESIDE = 512

/** One time that the store was asked for a session. */
interface Reading {
  /** Before the store was asked: what it answers is no older, however long that takes. */
  readonly begun: number
  /** Undefined if there is no living record, or it may have changed since. */
  found: Promise<Read> | SessionRecord | undefined
}

class Generation {
  readonly begun: number
  readonly byId = new Map<string, Reading>()
  readonly byHandle = new Map<string, Reading>()
  bytes = 0

  constructor(begun: number) {
    this.begun = begun
  }
}

/**
 * The records that this process read within `maxStale`, so that it asks the store for one session at
 * most so often (R13), and requests at the same time ask once.
 *
 * What was read last stays longest. Two generations, each half of the room, so that nothing is
 * searched for what is to go: when one is full, or as old as a record may be, the other is dropped.
 */
export class RecentRecords {
  readonly #maxStale: number
  readonly #now: () => number
  readonly #handle: (id: string) => string | undefined
  readonly #stopHearing: (() => MaybePromise<void>) | undefined
  #newer = new Generation(0)
  #older = new Generation(0)
  #latest = 0

  constructor({ maxStale, now }: Settings, store: Store) {
    this.#maxStale = maxStale
    this.#now = now
    this.#handle = (id) => store.handle?.(id)
    this.#stopHearing = store.changes?.((change) => this.hear(change))
  }

  /** The store as requests ask it: what it answers is remembered until somebody writes. */
  guard(store: Verbs): Verbs {
    const write = <T>(id: string, ask: () => MaybePromise<T>): MaybePromise<T> =>
      forgetting(ask, () => forget(this.#find(id)))
    return {
      ...store,
      read: (id, userId) => this.#read(id, () => store.read(id, userId)),
      update: (id, record, seen) => write(id, () => store.update(id, record, seen)),
      touch: (id, expires) => write(id, () => store.touch(id, expires)),
      end: (id, seen) => write(id, () => store.end(id, seen)),
      recall: (id) => this.#recall(id),
    }
  }

  async close(): Promise<void> {
    await this.#stopHearing?.()
    this.#forgetAll()
  }

  #recall(id: string): Reading['found'] {
    const now = this.#time()
    const reading = this.#find(id)
    return reading && now - reading.begun < this.#maxStale ? reading.found : undefined
  }

  #read(id: string, ask: () => MaybePromise<Read>): MaybePromise<Read> {
    const begun = this.#time()
    const answer = ask()
    const reading: Reading = { begun, found: undefined }
    this.#add(id, reading)
    if (!isPromise(answer)) this.#keep(reading, answer)
    else {
      reading.found = answer
      const keep = (read: Read): void => {
        if (reading.found === answer) this.#keep(reading, read)
      }
      answer.then(keep, () => keep(undefined))
    }
    return answer
  }

  #add(id: string, reading: Reading): void {
    if (reading.begun - this.#newer.begun >= this.#maxStale) this.#makeRoom()
    this.#charge(BYTES_BESIDE)
    this.#newer.byId.set(id, reading)
    const handle = this.#handle(id)
    if (handle !== undefined) this.#newer.byHandle.set(handle, reading)
  }

  /** A copy, since a store may go on with its own. An end is not kept: it may become another answer. */
  #keep(reading: Reading, read: Read): void {
    if (read === undefined || read === ENDED) return forget(reading)
    reading.found = Object.freeze({ ...read })
    this.#charge(2 * (read.data.length + read.claims.length))
  }

  #charge(bytes: number): void {
    this.#newer.bytes += bytes
    if (this.#newer.bytes > MOST_BYTES / 2) this.#makeRoom()
  }

  #makeRoom(): void {
    this.#older = this.#newer
    this.#newer = new Generation(this.#latest)
  }

  #forgetAll(): void {
    this.#makeRoom()
    this.#makeRoom()
  }

  #find(id: string): Reading | undefined {
    return this.#newer.byId.get(id) ?? this.#older.byId.get(id)
  }

  /** A clock that is set back would let old records look new. */
  #time(): number {
    const now = this.#now()
    const setBack = now < this.#latest
    this.#latest = now
    if (setBack) this.#forgetAll()
    return now
  }

  /** Forgets what a change may have made old. */
  hear(change: StoreChange): void {
    if (change.kind === 'session') {
      const { handle } = change
      forget(this.#newer.byHandle.get(handle) ?? this.#older.byHandle.get(handle))
    } else if (change.kind === 'user') this.#forgetUser(change.userId)
    else if (change.kind === 'gap') this.#forgetAll()
  }

  /** Whose a record is that is being read nobody knows yet. */
  #forgetUser(userId: string): void {
    for (const { byId } of [this.#older, this.#newer]) {
      for (const reading of byId.values()) {
        if (isPromise(reading.found) || reading.found?.userId === userId) forget(reading)
      }
    }
  }
}

/** What is being read is not kept either: the store may have answered before the write. */
function forget(reading: Reading | undefined): void {
  if (reading !== undefined) reading.found = undefined
}

/** Before the write is told to be done, and whatever becomes of it. */
function forgetting<T>(write: () => MaybePromise<T>, forgetIt: () => void): MaybePromise<T> {
  try {
    const answer = write()
    return isPromise(answer) ? answer.finally(forgetIt) : answer
  } finally {
    forgetIt()
  }
}
