import { randomUUID } from 'node:crypto'
import type { StoreChange } from '../../session/record.ts'
import type { RedisConnection } from './connection.ts'

const BEAT_MS = 500
const SILENCE_MS = 1000
/** After so long a silence another connection is tried. */
const GIVEN_UP_MS = 4000

/**
 * Hears the changes that scripts tell of. Redis forgets who did not listen at the moment: beats that
 * this process sends to itself prove that nothing was missed, and only they do.
 *
 * @returns ends the hearing
 */
export function hearChanges(
  connection: RedisConnection,
  channel: string,
  hear: (change: StoreChange) => void,
): () => void {
  const { calls } = connection
  const beats = `${channel}:${randomUUID()}`
  let heard = performance.now()
  let isWhole = false
  let close: (() => void) | undefined

  const miss = (): void => {
    isWhole = false
    hear({ kind: 'gap' })
  }
  const lose = (): void => {
    if (close === undefined) return
    close()
    close = undefined
    miss()
  }
  const listen = (text: string, from: string): void => {
    if (close === undefined) return
    heard = performance.now()
    if (from === channel) return hear(parseChange(text))
    if (!isWhole) hear({ kind: 'gap' })
    isWhole = true
  }
  const open = (): void => {
    heard = performance.now()
    close = calls.listen([channel, beats], listen, () => lose())
  }
  const beat = (): void => {
    if (calls.isReady()) calls.send(beats, ['PUBLISH', beats, '']).catch(() => undefined)
    const silence = performance.now() - heard
    if (close === undefined) open()
    else if (silence > GIVEN_UP_MS) lose()
    else if (silence > SILENCE_MS) miss()
  }

  open()
  const timer = setInterval(beat, BEAT_MS).unref()
  return () => {
    clearInterval(timer)
    close?.()
    close = undefined
  }
}

function parseChange(text: string): StoreChange {
  const [kind, name = ''] = text.split(/ (.*)/s)
  if (kind === 'session') return { kind, handle: name }
  if (kind === 'user') return { kind, userId: name }
  return kind === 'revocation' ? { kind } : { kind: 'gap' }
}
