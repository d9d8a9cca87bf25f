import type { MaybePromise, StoreChange } from '../../session/record.ts'
import { ChangeListeners } from '../change-listeners.ts'
import type { SqliteAccess, Statements } from './connection.ts'
import { WaitingLine } from './line.ts'

/** Of the second within which changes are to be heard. */
const LISTEN_EVERY_MS = 250

/** What a verb does with the file, at a time in ms since 1970. */
type Step<T> = (statements: Statements, now: number) => T

/** The file as the verbs use it: their steps wait for its lock, and listeners hear of its changes. */
export class SqliteFile {
  readonly #connection: SqliteAccess
  readonly #readers: WaitingLine
  readonly #writers: WaitingLine
  readonly #now: () => number
  readonly #listeners = new ChangeListeners()
  #listening: NodeJS.Timeout | undefined
  #heard = ''

  constructor(connection: SqliteAccess, busyTimeout: number, now: () => number) {
    this.#connection = connection
    this.#readers = new WaitingLine(busyTimeout)
    this.#writers = new WaitingLine(busyTimeout)
    this.#now = now
  }

  read<T>(step: Step<T>): MaybePromise<T> {
    return this.#readers.run(() => step(this.#connection.statements(), this.#now()))
  }

  write<T>(step: Step<T>): MaybePromise<T> {
    return this.#writers.run(() => step(this.#connection.statements(), this.#now()))
  }

  tell(change: StoreChange): void {
    this.#listeners.tell(change)
  }

  /** What other connections change is not told apart: they may have changed anything. */
  listen(hear: (change: StoreChange) => void): () => void {
    const stop = this.#listeners.add(hear)
    this.#heard ||= this.#version()
    this.#listening ??= setInterval(() => this.#look(), LISTEN_EVERY_MS).unref()
    return () => {
      stop()
      if (this.#listeners.size === 0) this.#stopListening()
    }
  }

  close(): void {
    this.#listeners.clear()
    this.#stopListening()
    this.#connection.close()
  }

  #look(): void {
    const version = this.#version()
    if (version !== '' && version === this.#heard) return
    this.#heard = version
    this.tell({ kind: 'gap' })
  }

  /** Empty if the file cannot be asked: then nothing is heard of it. */
  #version(): string {
    try {
      return this.#connection.version()
    } catch {
      return ''
    }
  }

  #stopListening(): void {
    clearInterval(this.#listening)
    this.#listening = undefined
    this.#heard = ''
  }
}

/** Carries out several statements all, or none. */
export function together<T>(statements: Statements, step: () => T): T {
  statements.begin.run()
  try {
    const answer = step()
    statements.commit.run()
    return answer
  } catch (error) {
    rollBack(statements)
    throw error
  }
}

/** After some failures SQLite has rolled back by itself; the first error is the one to be told. */
function rollBack({ rollback }: Statements): void {
  try {
    rollback.run()
  } catch {}
}
