import { createHmac, hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { shortened } from '../session-names.ts'
import type { Settings } from '../session/options.ts'
import type { RevocationLog } from '../session/record.ts'
import type { Revocation } from '../session/revocations.ts'
import type { KeyRing } from '../token/key-ring.ts'
import { signDocument } from '../token/signed-document.ts'
import type { PublicDocument } from './documents.ts'

/** The store is asked at most so often, however many neighbours follow. */
const LOOK_EVERY_MS = 100
/** So often it looks for each of those who wait for a change. */
const WAKE_EVERY_MS = 200
/** Signed again though nothing changed: neighbours refuse a list that is older than 30 s. */
const SIGN_EVERY_MS = 10_000

/** The list of what neighbours must refuse, as it is published (R32). */
export class RevocationList {
  readonly #log: RevocationLog
  readonly #ring: KeyRing
  readonly #settings: Settings
  #generation = ''
  #last = 0
  #entries: Revocation[] = []
  #looked = -Infinity
  #document: PublicDocument | undefined
  #signed = 0
  #signedState = ''
  #looking: Promise<PublicDocument> | undefined

  constructor(log: RevocationLog, ring: KeyRing, settings: Settings) {
    this.#log = log
    this.#ring = ring
    this.#settings = settings
  }

  /** As it is now, to within `LOOK_EVERY_MS`; requests at the same time look once. */
  current(): Promise<PublicDocument> {
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)))
  }

  /** Waits until it is another one than that of the tag, for so long at most. */
  async changedFrom(etag: string, ms: number): Promise<PublicDocument> {
    const deadline = performance.now() + ms
    for (;;) {
      const document = await this.current()
      if (document.etag !== etag || performance.now() >= deadline) return document
      await sleep(WAKE_EVERY_MS)
    }
  }

  async #look(): Promise<PublicDocument> {
    await this.#ring.ready
    const clock = performance.now()
    if (clock - this.#looked >= LOOK_EVERY_MS) {
      await this.#readLog()
      this.#looked = clock
    }
    return this.#sign()
  }

  async #readLog(): Promise<void> {
    const page = await this.#log.since(this.#last)
    const anew = page.generation !== this.#generation
    const { entries, last } = anew && this.#last > 0 ? await this.#log.since(0) : page
    const now = this.#settings.now() / 1000
    const before = anew ? [] : this.#entries.filter((entry) => expiryOf(entry) > now)
    const added = entries.map(({ text }) => JSON.parse(text) as Revocation)
    this.#generation = page.generation
    this.#last = last
    this.#entries = [...before, ...added]
  }

  async #sign(): Promise<PublicDocument> {
    const { burned } = this.#ring.trusted
    const state = [this.#generation, this.#last, ...burned].join(' ')
    const now = this.#settings.now()
    const isFresh = Math.abs(now - this.#signed) < SIGN_EVERY_MS
    if (this.#document && isFresh && state === this.#signedState) return this.#document
    const body = await signDocument(this.#ring, 'revocations+jwt', this.#payload(now, burned))
    const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`
    this.#signed = now
    this.#signedState = state
    return (this.#document = { contentType: 'application/revocations+jwt', body, etag })
  }

  #payload(now: number, burned: readonly string[]): Record<string, unknown> {
    const gen = this.#generation
    const sessions = new Map(this.#entries.flatMap((it) => (it[0] === 's' ? [[it[1], it[2]]] : [])))
    const users = this.#entries.flatMap((it) =>
      it[0] === 'u' ? [[userHash(gen, it[1]), it[2], it[3], it[4]]] : [],
    )
    return {
      iss: this.#settings.issuer,
      iat: Math.floor(now / 1000),
      gen,
      seq: this.#last,
      entries: { s: [...sessions], u: users, k: burned },
    }
  }
}

function expiryOf(entry: Revocation): number {
  return entry[0] === 's' ? entry[2] : entry[3]
}

/** Salted by the generation, so that nobody follows a user from one list to another app's. */
function userHash(generation: string, userId: string): string {
  return shortened(
    createHmac('sha256', generation).update(`symbolon user v1 ${userId}`).digest('base64url'),
  )
}
