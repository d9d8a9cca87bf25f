import type { StoreChange } from '../../session/record.ts'
import { ChangeListeners } from '../change-listeners.ts'
import type { Listening, PostgresAccess } from './client.ts'

const LOOK_EVERY_MS = 250
const LONGEST_SILENCE_MS = 1000

/** One connection that hears, or that is being made. */
interface Ear {
  listening?: Listening
  state: 'connecting' | 'connected' | 'heard' | 'failed'
  beating: boolean
}

/**
 * Hears what all processes tell on a channel, as long as somebody listens. Who has heard nothing for
 * a while tells the channel nothing, so that it can hear that: one process does, and all hear it.
 */
export class PostgresChanges {
  readonly #access: PostgresAccess
  readonly #channel: string
  readonly #listeners = new ChangeListeners()
  #timer: NodeJS.Timeout | undefined
  #ear: Ear | undefined
  #heard = 0

  constructor(access: PostgresAccess, channel: string) {
    this.#access = access
    this.#channel = channel
  }

  /** @returns ends the telling */
  add(hear: (change: StoreChange) => void): () => void {
    const stop = this.#listeners.add(hear)
    if (!this.#timer) {
      this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
      void this.#connect()
    }
    return () => {
      stop()
      if (this.#listeners.size === 0) this.close()
    }
  }

  close(): void {
    this.#listeners.clear()
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#disconnect()
  }

  #look(): void {
    const silence = performance.now() - this.#heard
    if (silence >= LONGEST_SILENCE_MS) this.#lose()
    else if (silence >= LOOK_EVERY_MS) this.#beat()
  }

  #lose(): void {
    this.#heard = performance.now()
    this.#listeners.tell({ kind: 'gap' })
    // Who waits for a connection of an exhausted pool goes on waiting: a second one would not help.
    if (this.#ear?.state === 'connecting') return
    this.#disconnect()
    void this.#connect()
  }

  async #connect(): Promise<void> {
    const ear: Ear = { state: 'connecting', beating: false }
    this.#ear = ear
    this.#heard = performance.now()
    const hear = (message: string): void => {
      if (ear === this.#ear) this.#hear(ear, message)
    }
    const lose = (): void => {
      if (ear === this.#ear) this.#lose()
    }
    try {
      ear.listening = await this.#access.listen(this.#channel, hear, lose)
      ear.state = 'connected'
      if (ear === this.#ear) this.#beat()
      else ear.listening.end()
    } catch {
      ear.state = 'failed'
    }
  }

  #disconnect(): void {
    this.#ear?.listening?.end()
    this.#ear = undefined
  }

  #beat(): void {
    const ear = this.#ear
    if (!ear?.listening || ear.beating) return
    ear.beating = true
    const beaten = (): void => void (ear.beating = false)
    ear.listening.beat().then(beaten, beaten)
  }

  #hear(ear: Ear, message: string): void {
    this.#heard = performance.now()
    if (ear.state !== 'heard') this.#listeners.tell({ kind: 'gap' })
    ear.state = 'heard'
    if (message !== '') this.#listeners.tell(changeOf(message))
  }
}

/** What a later release may tell besides is taken for a change of anything. */
function changeOf(message: string): StoreChange {
  const [, kind, name = ''] = /^(\w+) ?(.*)$/s.exec(message) ?? []
  if (kind === 'session') return { kind, handle: name }
  if (kind === 'user') return { kind, userId: name }
  return { kind: kind === 'revocation' ? kind : 'gap' }
}
