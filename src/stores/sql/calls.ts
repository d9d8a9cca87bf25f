import { setTimeout } from 'node:timers/promises'
import { SessionError } from '../../errors.ts'
import { TimeLimit } from '../time-limit.ts'

/** A connection of the app's, lent for one call. */
export interface Lent {
  /** @param broken it must not be used again: nobody knows what it will still answer */
  release(broken: boolean): void
}

/** So many calls may wait for a connection or for an answer; more are refused at once (STO-25). */
const MOST_CALLS = 2000

/** How often a statement is tried that the server gave up because of another one (STO-22). */
const TRIES = 4
const LONGEST_PAUSE_MS = 20

// The codes of PostgreSQL (texts) and those of MySQL and MariaDB (numbers) do not meet:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
// https://mariadb.com/kb/en/mariadb-error-codes/
/** Serialisation failure, deadlock; changed row, lock wait, deadlock. Nothing was written. */
const TRIED_AGAIN: readonly unknown[] = ['40001', '40P01', 1020, 1205, 1213]
/** Cancelled by a time limit of the server's, or while waiting for a lock. */
const TOO_LATE: readonly unknown[] = ['57014', '55P03', 1205, 1969, 3024]
const NO_TABLE: readonly unknown[] = ['42P01', '3F000', 1146]

/**
 * Calls of a database by connections that the app's pool lends. Each has the same time limit, which
 * includes the wait for a connection; what nobody waits for any more is not begun (FLT-21).
 */
export class SqlCalls<Connection extends Lent> {
  readonly #lend: () => Promise<Connection>
  readonly #limit: TimeLimit
  #calls = 0

  /** @param timeout in ms */
  constructor(lend: () => Promise<Connection>, timeout: number) {
    this.#lend = lend
    this.#limit = new TimeLimit(timeout)
  }

  /** @throws SessionError `store_timeout`, or `store_unavailable` with the client's error as `cause` */
  async run<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#calls >= MOST_CALLS) throw tooMany()
    const call: { connection?: Connection; over?: true } = {}
    const carryOut = async (): Promise<T | undefined> => {
      const connection = await this.#borrow()
      if (call.over) return this.#giveBack(connection, false)
      call.connection = connection
      return tryAgain(() => work(connection))
    }
    let broken = true
    try {
      const answer = (await this.#limit.hold(carryOut())) as T
      broken = false
      return answer
    } catch (error) {
      throw failure(error)
    } finally {
      call.over = true
      // After any error, as pg's own pool does: that also ends what is still under way.
      if (call.connection) this.#giveBack(call.connection, broken)
    }
  }

  async #borrow(): Promise<Connection> {
    this.#calls++
    try {
      return await this.#lend()
    } catch (error) {
      this.#calls--
      throw error
    }
  }

  #giveBack(connection: Connection, broken: boolean): undefined {
    this.#calls--
    connection.release(broken)
  }
}

async function tryAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === TRIES || !TRIED_AGAIN.includes(codeOf(error))) throw error
    }
    await setTimeout(Math.random() * LONGEST_PAUSE_MS)
  }
}

/** MySQL's `code` is a word, its `errno` the number. */
export function codeOf(error: unknown): unknown {
  const { errno, code } = (error ?? {}) as { errno?: unknown; code?: unknown }
  return errno ?? code
}

function failure(cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause
  const code = codeOf(cause)
  if (TOO_LATE.includes(code)) return failed('store_timeout', LATE, cause)
  return failed('store_unavailable', NO_TABLE.includes(code) ? TABLES_MISSING : BROKEN, cause)
}

function failed(
  code: 'store_timeout' | 'store_unavailable',
  message: string,
  cause: unknown,
): SessionError {
  return new SessionError(code, message, { cause })
}

const LATE = 'The database gave a statement up: see the cause, and what holds its locks for so long'
const TABLES_MISSING =
  'The tables of the sessions are missing: await setUp() of the store, or run its schema in a migration'
const BROKEN =
  'The database of the sessions failed: see the cause, and whether it can be reached and written'

function tooMany(): SessionError {
  return new SessionError(
    'store_unavailable',
    `${MOST_CALLS} calls already wait for the database of the sessions: see whether it is overloaded, or raise the size of the pool`,
  )
}
