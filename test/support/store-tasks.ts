// What other processes do in the tests of stores; store-process.ts starts them.
import { closeSync, openSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { ENDED, type Store } from '../../src/session/record.ts'
import { sqliteOfNode } from '../../src/stores/sqlite/connection.ts'
import type { SqlStore } from '../../src/stores/sql/store.ts'
import type { SqliteOptions } from '../../src/stores/sqlite.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { Clock, newId, newVersion, recordAt } from '../../src/testing/store-bench.ts'
import { change } from '../../src/testing/store-races.ts'
import { type StorePlace, withStore } from './store-places.ts'

const SLOW_WRITERS = 3
const YEAR_9999 = Date.UTC(9999, 11, 31)

const random = seededRandom(process.pid)
let lock: { exec: (sql: string) => void } | undefined

export const tasks = {
  /** A writer for each id at once, each adding one to the counter there so many times. */
  increment: (place: StorePlace, ids: string[], times: number): Promise<void> =>
    withStore(place, async (store) => {
      const write = async (id: string): Promise<void> => {
        for (let done = 0; done < times; done++) {
          await change(store, id, random, (data) => ({ count: Number(data['count']) + 1 }))
        }
      }
      await Promise.all(ids.map(write))
    }),

  /** Adds each name as a property, all at once. */
  addNames: (place: StorePlace, id: string, names: string[]): Promise<void> =>
    withStore(place, async (store) => {
      const add = (name: string) => change(store, id, random, (data) => ({ ...data, [name]: true }))
      await Promise.all(names.map(add))
    }),

  /** Writes each session over and over until it is gone; how often that succeeded. */
  writeUntilGone: (place: StorePlace, ids: string[]): Promise<number> =>
    withStore(place, async (store) => {
      let written = 0
      for (const id of ids) {
        const writers = Array.from({ length: SLOW_WRITERS }, () => writeUntilGone(store, id))
        for (const count of await Promise.all(writers)) written += count
      }
      return written
    }),

  create: (place: StorePlace): Promise<boolean> =>
    withStore(place, async (store) => store.create(newId(), recordAt(new Clock()))),

  setUp: (place: StorePlace): Promise<void> =>
    withStore(place, async (store) => (store as SqlStore).setUp()),

  /** Adds so many entries to the log, each with the name and its number. */
  addRevocations: (place: StorePlace, name: string, count: number): Promise<void> =>
    withStore(place, async (store) => {
      for (let n = 0; n < count; n++) await store.revocations?.add(`${name} ${n}`, YEAR_9999)
    }),

  sweep: (place: StorePlace): Promise<number> =>
    withStore(place, async (store) => (await store.sweep?.()) ?? 0),

  /** Begins to delete everything, and keeps the lock meanwhile. */
  beginToDelete: async ({ file }: SqliteOptions): Promise<void> => {
    const Database = sqliteOfNode()
    lock = new Database(String(file))
    lock.exec('BEGIN IMMEDIATE; DELETE FROM symbolon_sessions')
  },

  /** What a store says while no more files can be opened: one that was open before, one opened now. */
  useWithoutFiles: (options: SqliteOptions, newFile: string): Promise<unknown> =>
    withStore(options, async (store) => {
      const id = newId()
      const opened = openFilesToTheLimit()
      const used = await store.create(id, recordAt(new Clock()))
      const during = await codeOf(() => tasks.create({ file: newFile }))
      for (const descriptor of opened) closeSync(descriptor)
      const after = await codeOf(() => tasks.create({ file: newFile }))
      return { used, read: typeof (await store.read(id)), during, after }
    }),

  rollBack: async (): Promise<void> => lock?.exec('ROLLBACK'),
}

/** A request that takes a while between reading and writing, again and again. */
async function writeUntilGone(store: Store, id: string): Promise<number> {
  for (let written = 0; ;) {
    const read = await store.read(id)
    if (read === undefined || read === ENDED) return written
    await setTimeout(random(3))
    const answer = await store.update(id, { ...read, version: newVersion() }, read.version)
    if (answer === 'ok') written++
  }
}

function openFilesToTheLimit(): number[] {
  const opened: number[] = []
  try {
    for (;;) opened.push(openSync(process.execPath, 'r'))
  } catch {
    return opened
  }
}

async function codeOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
