import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SessionError } from '../errors.ts'
import { type Duration, milliseconds } from '../duration.ts'
import type { MaybePromise, Store } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import { type LibsqlClient, libsqlStore, type LibsqlStore } from './sqlite/client.ts'
import {
  IN_MEMORY,
  SqliteConnection,
  type SqliteDatabase,
  sqliteOfNode,
} from './sqlite/connection.ts'
import { SqliteFile } from './sqlite/file.ts'
import { SqliteHandle } from './sqlite/handle.ts'
import { sqliteRevocations } from './sqlite/revocations.ts'
import { sqliteSessions } from './sqlite/sessions.ts'

export type { LibsqlClient, LibsqlStore } from './sqlite/client.ts'
export type { SqliteDatabase } from './sqlite/connection.ts'

/** How long to wait for the database, and the clock. */
export interface SqliteTimes {
  /** How long a verb waits while another process holds the file's lock; default `'5s'`. */
  readonly busyTimeout?: Duration
  /** The clock, in ms since 1970; default `Date.now`. */
  readonly now?: () => number
}

/** Where the database is, and how long to wait for it. */
export interface SqliteOptions extends SqliteTimes {
  /**
   * A path or `file:` URL of a file of its own, or `':memory:'`. The file is made for its owner
   * alone (0600), and so are missing folders (0700).
   */
  readonly file: string | URL
}

/** Deleted within about 10 ms, among a million rows too: other requests wait for no longer. */
const SWEPT_AT_ONCE = 200
/** So many added are followed by one such batch: rows are removed faster than they are added. */
const ADDED_PER_SWEEP = 100

/**
 * Keeps sessions in a database that the app has opened by better-sqlite3 or libsql, in tables of its
 * own. `close()` leaves it open. It waits for locks, and survives a power cut, as the app has set it:
 * `guarantees.durableLogout` says whether `PRAGMA synchronous` is FULL. The app must not keep a
 * transaction open while it awaits something.
 *
 * @example
 * import Database from 'better-sqlite3'
 *
 * const database = new Database('data/app.db')
 * const sessions = createSessions({ keys, fields, store: sqlite(database) })
 */
export function sqlite(database: SqliteDatabase, times?: SqliteTimes): Required<Store>
/**
 * Keeps sessions in a libSQL server or file by `@libsql/client`. Each verb is one round trip, for
 * which `busyTimeout` is the limit; no changes are told. `close()` leaves the client open.
 *
 * @example
 * import { createClient } from '@libsql/client'
 *
 * const client = createClient({ url: 'libsql://app.example', authToken })
 * const sessions = createSessions({ keys, fields, store: sqlite(client) })
 */
export function sqlite(client: LibsqlClient, times?: SqliteTimes): LibsqlStore
/**
 * Keeps sessions in an SQLite file, by the `node:sqlite` of Node itself; several processes of one
 * host may share it. What was acknowledged survives a crash and a power cut. Ids are stored as
 * hashes: whoever reads the file cannot make a cookie of it.
 *
 * Verbs answer at once, or by a promise while another process holds the file's lock; other requests
 * go on meanwhile. A write returns when the disk has it, which takes a fraction of a millisecond on
 * an SSD and holds up the process for that long.
 *
 * @throws SessionError `invalid_option`: no usable `file`, or a runtime without `node:sqlite`;
 *   `store_unavailable`: the file cannot be opened, and `cause` says why. A verb that waited for
 *   longer than `busyTimeout` throws `store_timeout`.
 *
 * @example
 * const sessions = createSessions({ keys, fields, store: sqlite({ file: 'data/sessions.db' }) })
 */
export function sqlite(options: SqliteOptions): Required<Store>
export function sqlite(
  where: SqliteOptions | SqliteDatabase | LibsqlClient,
  times?: SqliteTimes,
): LibsqlStore {
  const given: SqliteTimes = times ?? ('file' in where ? where : {})
  const { now = Date.now } = given
  const busyTimeout = milliseconds(given.busyTimeout ?? '5s', 'busyTimeout')
  if ('executeMultiple' in where) return libsqlStore(where, busyTimeout, now)
  const handle = 'prepare' in where ? new SqliteHandle(where) : undefined
  const access = handle ?? connectionTo((where as SqliteOptions).file, now)
  const file = new SqliteFile(access, busyTimeout, now)

  const sweepBatch = (): MaybePromise<number> =>
    file.write((statements, time) => {
      const { sweepSessions, sweepMarks, sweepRevocations } = statements
      const expired = { now: time, most: SWEPT_AT_ONCE }
      return [sweepSessions, sweepMarks, sweepRevocations]
        .map((sweep) => Number(sweep.run(expired).changes))
        .reduce((some, more) => some + more)
    })
  function* sweepAll(): Steps<number> {
    let removed = 0
    for (;;) {
      const batch = yield* wait(sweepBatch())
      removed += batch
      if (batch < SWEPT_AT_ONCE) return removed
      yield* wait(nextTurn())
    }
  }
  let added = 0
  // Nobody waits for this one; whoever uses the next verb hears of a broken file.
  const sweepNowAndThen = (): void => {
    if (++added % ADDED_PER_SWEEP > 0) return
    void nextTurn()
      .then(sweepBatch)
      .catch(() => undefined)
  }

  // Opened at once, so that a wrong path fails the start of the app and not its first request. If
  // the file is locked for longer than that, the first verb opens it.
  Promise.resolve(file.write(() => undefined)).catch(() => undefined)
  const store: Required<Store> = {
    guarantees: {
      noRevival: true,
      noLostUpdate: true,
      durableLogout: handle?.isDurable ?? true,
      hearsChanges: true,
    },
    ...sqliteSessions(file, sweepNowAndThen),
    revocations: sqliteRevocations(file, sweepNowAndThen),
    changes: (hear) => file.listen(hear),
    sweep: () => walk(sweepAll()),
    close: () => file.close(),
  }
  return store
}

function connectionTo(file: string | URL, now: () => number): SqliteConnection {
  return new SqliteConnection(sqliteOfNode(), pathOf(file), now)
}

function pathOf(file: string | URL): string {
  if (file === IN_MEMORY) return file
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file)
  if (typeof file === 'string' && file !== '') return resolve(file)
  throw new SessionError('invalid_option', "file must be a path, a file: URL or ':memory:'")
}
