import { SessionError } from '../../errors.ts'
import { isPromise } from '../../session/steps.ts'

type Callback = (error?: unknown, answer?: unknown) => void

/** What is used of a store made for express-session; nearly all have more. */
export interface ConnectStore {
  get(id: string, callback: Callback): unknown
  set(id: string, session: object, callback: Callback): unknown
  destroy(id: string, callback: Callback): unknown
  touch?(id: string, session: object, callback: Callback): unknown
}

/** The store's methods without the quirks of single stores. */
export interface Calls {
  /** What is stored, or nothing. */
  get(id: string): Promise<unknown>
  set(id: string, session: object): Promise<unknown>
  /** Moves the end of a session to that of its cookie; false if it is gone. */
  touch(id: string, session: object): Promise<boolean>
  destroy(id: string): Promise<unknown>
}

/** Calls that may take so many milliseconds together, beginning now; later ones are not made. */
export function callsWithin(store: ConnectStore, timeout: number): Calls {
  const deadline = performance.now() + timeout
  const call = (method: keyof ConnectStore, ...values: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const tooLate = (): void => reject(timedOut(timeout))
      const left = deadline - performance.now()
      if (left <= 0) return tooLate()
      const timer = setTimeout(tooLate, left)
      ask(store, method, values, (error, answer) => {
        clearTimeout(timer)
        if (error) reject(error)
        else resolve(answer)
      })
    })

  return {
    async get(id) {
      try {
        return await call('get', id)
      } catch (error) {
        // File stores tell a missing session by ENOENT; what cannot be parsed is none (STO-16).
        const { code, name } = error as NodeJS.ErrnoException
        if (code === 'ENOENT' || name === 'SyntaxError') return undefined
        throw error
      }
    },

    set: (id, session) => call('set', id, session),

    async touch(id, session) {
      try {
        await call(store.touch ? 'touch' : 'set', id, session)
        return true
      } catch (error) {
        if (saysGone(error)) return false
        throw error
      }
    },

    destroy: (id) => call('destroy', id),
  }
}

/** Whether the error of a `touch` is how session-file-store and connect-mongo say: gone. */
export function saysGone(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || message === 'Unable to find the session to touch'
}

/**
 * Stores answer by callback, by promise, by both, and some twice: the first answer counts, since a
 * promise settles once. `settle` never throws, for some stores would call it again with its error.
 */
export function ask(
  store: ConnectStore,
  method: keyof ConnectStore,
  values: unknown[],
  settle: Callback,
): void {
  try {
    const run = store[method] as (...values: unknown[]) => unknown
    const returned = run.call(store, ...values, settle)
    if (!isPromise(returned)) return
    // One that declares a callback may be async only for what it waits for on the way: its promise
    // resolves too early, or with something else. Its failures count: some tell them nowhere else.
    const answersByCallback = run.length > values.length
    returned.then(
      (answer) => void (answersByCallback || settle(undefined, answer)),
      (error) => settle(error ?? new Error('The store rejected without an error')),
    )
  } catch (error) {
    settle(error)
  }
}

function timedOut(timeout: number): SessionError {
  return new SessionError(
    'store_timeout',
    `The session store did not answer within ${timeout} ms: see whether its server can be reached, or raise timeout`,
  )
}
