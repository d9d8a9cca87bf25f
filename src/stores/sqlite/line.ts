import { setTimeout } from 'node:timers/promises'
import { SessionError } from '../../errors.ts'
import type { MaybePromise } from '../../session/record.ts'

const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 16

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html; higher bits refine them. */
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6

/**
 * Steps that wait while another connection holds the file's lock. A step that finds the file free
 * is carried out at once. The others wait in line, and only the first of it knocks, after growing
 * pauses: however many they are, other requests go on meanwhile.
 */
export class WaitingLine {
  readonly #limit: number
  #last: Promise<void> | undefined

  /** @param limit how long a step may wait, in ms */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws SessionError `store_timeout`, or `store_unavailable` with SQLite's error as `cause` */
  run<T>(step: () => T): MaybePromise<T> {
    if (this.#last) return this.#queue(step, this.#last)
    try {
      return step()
    } catch (error) {
      if (!isBusy(error)) throw failure(error)
      return this.#queue(step, setTimeout(FIRST_PAUSE_MS))
    }
  }

  #queue<T>(step: () => T, before: Promise<void>): Promise<T> {
    const answer = this.#knock(step, before)
    const done: Promise<void> = answer.then(
      () => this.#leave(done),
      () => this.#leave(done),
    )
    this.#last = done
    return answer
  }

  #leave(done: Promise<void>): void {
    if (this.#last === done) this.#last = undefined
  }

  async #knock<T>(step: () => T, before: Promise<void>): Promise<T> {
    const deadline = performance.now() + this.#limit
    await before
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return step()
      } catch (error) {
        if (!isBusy(error)) throw failure(error)
        if (performance.now() >= deadline) throw timeout(this.#limit)
      }
      await setTimeout(pause)
    }
  }
}

/** `node:sqlite` tells the number; better-sqlite3, and who is made after it, the name. */
function isBusy(error: unknown): boolean {
  const { errcode = 0, code = '' } = error as { errcode?: number; code?: string }
  const primary = errcode & 0xff
  const isNamed = /^SQLITE_(?:BUSY|LOCKED)/.test(code)
  return isNamed || primary === SQLITE_BUSY || primary === SQLITE_LOCKED
}

function timeout(limit: number): SessionError {
  return new SessionError(
    'store_timeout',
    `The SQLite file of the sessions stayed locked for ${limit} ms: end the program that holds it, or raise busyTimeout`,
  )
}

function failure(cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause
  return new SessionError(
    'store_unavailable',
    'SQLite cannot use the file of the sessions: see the cause, whether this process may write the file and its folder, and whether the disk is full',
    { cause },
  )
}
