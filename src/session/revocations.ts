import { sessionHash, sessionHashOf } from '../session-names.ts'
import type { Settings } from './options.ts'
import { firstSecondAfter, type MaybePromise, type RevocationLog } from './record.ts'
import { isPromise } from './steps.ts'
import type { UserVerbs, Verbs } from './store-guard.ts'

/** What neighbours must refuse before its time. Times in seconds. */
export type Revocation =
  | readonly [kind: 's', session: string, exp: number]
  | readonly [kind: 'u', userId: string, mark: number, exp: number, except: readonly string[]]

/** R32: beside the life of a token, the clocks' difference and the longest request. */
const MARGIN_MS = 120_000

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
    return {
      ...store,
      end: (id, seen) =>
        after(
          this.#note((exp) => ['s', sessionHash(id), exp]),
          () => store.end(id, seen),
        ),
    }
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
