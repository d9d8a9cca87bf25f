import { sessionHash, sessionHashOf } from '../session-names.ts'
import { MAX_TOLERANCE_MS } from '../token/claims.ts'
import type { Settings } from './options.ts'
import { firstSecondAfter, type MaybePromise, type RevocationLog } from './record.ts'
import { isPromise, type Steps, wait, walk } from './steps.ts'
import type { UserVerbs, Verbs } from './store-guard.ts'

/** What neighbours must refuse before its time. Times in seconds. */
export type Revocation =
  | readonly [kind: 's', session: string, exp: number]
  | readonly [kind: 'u', userId: string, mark: number, exp: number, except: readonly string[]]

/** R32: beside the life of a token, what a verifier may tolerate of it and the longest request. */
const MARGIN_MS = MAX_TOLERANCE_MS + 60_000

/**
 * Notes what ends for those who do not ask the store, before it ends: a crash between the two leaves
 * a session that neighbours refuse, never one that they believe and the app does not.
 */
export class Revocations {
  readonly #log: RevocationLog
  readonly #settings: Settings

  constructor(log: RevocationLog, settings: Settings) {
    this.#log = log
    this.#settings = settings
  }

  guard(store: Verbs): Verbs {
    return { ...store, end: (id, seen) => walk(this.#end(store, id, seen)) }
  }

  /** Nothing is noted of what neighbours refuse anyway: nobody could fill the list with one old cookie. */
  *#end(store: Verbs, id: string, seen: string | undefined): Steps<'ok' | 'conflict' | 'gone'> {
    const found = yield* wait(store.read(id))
    const isBound = typeof found === 'object' && found.userId !== undefined
    if (isBound) yield* wait(this.#note((exp) => ['s', sessionHash(id), exp]))
    return yield* wait(store.end(id, seen))
  }

  guardUsers(store: UserVerbs): UserVerbs {
    return {
      ...store,
      endHandle: (handle) => after(this.#noteSession(handle), () => store.endHandle(handle)),
      revokeUser: (userId, mark) => {
        const except = mark.except.map((handle) => sessionHashOf(handle))
        const noted = this.#note((exp) => ['u', userId, firstSecondAfter(mark), exp, except])
        return after(noted, () => store.revokeUser(userId, mark))
      },
    }
  }

  #noteSession(handle: string): MaybePromise<void> {
    return this.#note((exp) => ['s', sessionHashOf(handle), exp])
  }

  #note(entry: (exp: number) => Revocation): MaybePromise<void> {
    const expires = this.#settings.now() + this.#settings.tokenLife + MARGIN_MS
    return this.#log.add(JSON.stringify(entry(Math.ceil(expires / 1000))), expires)
  }
}

function after<T>(before: MaybePromise<void>, next: () => MaybePromise<T>): MaybePromise<T> {
  return isPromise(before) ? before.then(next) : next()
}
