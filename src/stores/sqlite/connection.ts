import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { SessionError } from '../../errors.ts'
import { CREATE_TABLES, FORMAT, STATEMENTS, type Verb } from './statements.ts'

export type Row = Readonly<Record<string, unknown>>

export interface SqliteStatement {
  run(...values: any[]): { readonly changes: number | bigint }
  get(...values: any[]): Row | undefined
  all(...values: any[]): Row[]
}

export type Statements = Readonly<Record<Verb, SqliteStatement>>

/** What is used of an open database of `node:sqlite`, of better-sqlite3, or of libsql. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): Readonly<Record<'run' | 'get' | 'all', (...values: any[]) => unknown>>
}

/** Where the statements come from. */
export interface SqliteAccess {
  /** @throws SessionError `store_unavailable`, or the error of SQLite */
  statements(): Statements
  /**
   * Another text once another connection has written, or another file stands in its place.
   *
   * @throws as `statements()`
   */
  version(): string
  close(): void
}

export const IN_MEMORY = ':memory:'

/** How soon a file that was deleted or replaced under a running app is noticed. */
const LOOK_EVERY_MS = 1000

type Database = new (path: string) => DatabaseSync

/** @throws SessionError `invalid_option` where the runtime has no SQLite */
export function sqliteOfNode(): Database {
  // Asked for only here, since Node 22 warns of an experiment as soon as the module is loaded; the
  // class loses its suffix in Node 26.
  const module = process.getBuiltinModule?.('node:sqlite') as
    | { readonly Database?: Database; readonly DatabaseSync?: Database }
    | undefined
  const database = module?.Database ?? module?.DatabaseSync
  if (database) return database
  throw new SessionError(
    'invalid_option',
    'This runtime has no node:sqlite: use Node 22.13 or later, or another store',
  )
}

/**
 * One connection to the file and its prepared statements. It is opened by whoever first asks for a
 * statement, and again when the file was deleted or replaced: SQLite itself would go on writing to
 * what nobody else sees.
 */
export class SqliteConnection implements SqliteAccess {
  readonly #Database: Database
  readonly #path: string
  readonly #now: () => number
  #database: DatabaseSync | undefined
  #statements: Statements | undefined
  #inode: number | undefined
  #looked = 0
  #connected = 0
  #closed = false

  constructor(database: Database, path: string, now: () => number) {
    this.#Database = database
    this.#path = path
    this.#now = now
  }

  statements(): Statements {
    if (this.#closed) throw closed()
    if (this.#statements && this.#isSameFile()) return this.#statements
    this.#disconnect()
    return this.#connect()
  }

  version(): string {
    return `${this.#connected} ${versionOf(this.statements())}`
  }

  close(): void {
    this.#closed = true
    this.#disconnect()
  }

  #connect(): Statements {
    if (this.#path !== IN_MEMORY) createPrivately(this.#path)
    const database = new this.#Database(this.#path)
    this.#database = database
    this.#connected++
    try {
      prepareFile(database)
      this.#inode = inodeOf(this.#path)
      this.#statements = prepareStatements(database)
      // A row without names is made in half the time; Node has had them since 22.16.
      ;(this.#statements.read as Partial<StatementSync>).setReturnArrays?.(true)
      return this.#statements
    } catch (error) {
      this.#disconnect()
      throw error
    }
  }

  #disconnect(): void {
    this.#database?.close()
    this.#database = undefined
    this.#statements = undefined
  }

  #isSameFile(): boolean {
    const now = this.#now()
    if (Math.abs(now - this.#looked) < LOOK_EVERY_MS) return true
    this.#looked = now
    return inodeOf(this.#path) === this.#inode
  }
}

/** For the owner alone; SQLite gives its other files the permissions of the first one. */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function inodeOf(path: string): number | undefined {
  if (path === IN_MEMORY) return undefined
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function prepareFile(database: DatabaseSync): void {
  // Waiting inside SQLite holds up every other request: only as long as a short write takes, which
  // makes a busy file several times faster. Longer waits are those of the line (sqlite-line.ts).
  // FULL: in WAL mode less than that may lose the last commits, a logout too, with the power.
  database.exec(`
    PRAGMA busy_timeout = 5;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;`)
  const { user_version: format } = database.prepare('PRAGMA user_version').get() as {
    user_version: number
  }
  if (format > FORMAT) {
    throw new SessionError(
      'invalid_option',
      'The SQLite file is of a later release or another program: name a file of its own for the sessions',
    )
  }
  if (format === FORMAT) return
  database.exec(`BEGIN IMMEDIATE; ${CREATE_TABLES} PRAGMA user_version = ${FORMAT}; COMMIT`)
}

export function prepareStatements(database: SqliteDatabase): Statements {
  const prepared = Object.entries(STATEMENTS).map(([verb, sql]) => [verb, database.prepare(sql)])
  return Object.fromEntries(prepared)
}

export function versionOf({ dataVersion }: Statements): number {
  return Number(dataVersion.get()?.['data_version'])
}

export function closed(): SessionError {
  return new SessionError('store_unavailable', 'The session store was closed')
}
