import {
  closed,
  prepareStatements,
  type Row,
  type SqliteAccess,
  type SqliteDatabase,
  type Statements,
  versionOf,
} from './connection.ts'
import { CREATE_TABLES } from './statements.ts'

/** The least value of PRAGMA synchronous with which a commit survives a power cut in WAL mode. */
const FULL = 2

/** A database that the app has opened, whose settings and `user_version` are the app's. */
export class SqliteHandle implements SqliteAccess {
  readonly #database: SqliteDatabase
  #statements: Statements | undefined
  #closed = false

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  /** Whether what was acknowledged survives a power cut. */
  get isDurable(): boolean {
    const { synchronous } = this.#database.prepare('PRAGMA synchronous').get() as Row
    return Number(synchronous) >= FULL
  }

  statements(): Statements {
    if (this.#closed) throw closed()
    return (this.#statements ??= this.#prepare())
  }

  version(): string {
    return String(versionOf(this.statements()))
  }

  close(): void {
    this.#closed = true
  }

  #prepare(): Statements {
    this.#database.exec(CREATE_TABLES)
    const statements = prepareStatements(this.#database)
    // The app's setting for its own queries.
    for (const statement of Object.values(statements)) {
      ;(statement as { safeIntegers?(toggle: boolean): unknown }).safeIntegers?.(false)
    }
    return statements
  }
}
