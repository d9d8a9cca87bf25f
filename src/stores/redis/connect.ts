import { parseData } from '../../session/data.ts'
import { ENDED, type SessionRecord, TOMBSTONE_MS } from '../../session/record.ts'
import { type Found, fromSession, toSession } from '../connect/record.ts'
import { CREATE, PEEK, SWAP } from './scripts.ts'
import { covers, type Outcome, type RedisPlace, type RedisSessions } from './sessions.ts'
import { tombstone } from './values.ts'
import { handleOf } from '../stored-id.ts'

/** What connect-redis gives to a session whose cookie states no end. */
const DEFAULT_LIFE_MS = 86_400_000

interface FoundText extends Found {
  readonly text: string
}

/** What a session is to be, or nothing if it may stay as it is. */
type Make = (found: FoundText) => SessionRecord | typeof ENDED | undefined

/**
 * Sessions that connect-redis wrote, where it wrote them and in its form, so that express-session
 * still reads them. Each write succeeds only if the text is still what was read.
 */
export class ConnectRedisSessions {
  readonly #place: RedisPlace
  readonly #sessions: RedisSessions

  constructor(place: RedisPlace, sessions: RedisSessions) {
    this.#place = place
    this.#sessions = sessions
  }

  async read(id: string): Promise<SessionRecord | typeof ENDED | undefined> {
    const found = await this.#find(id)
    return found && (await this.#isCovered(id, found)) ? ENDED : found?.record
  }

  async touch(id: string, expires: number): Promise<boolean> {
    const later: Make = ({ record }) =>
      expires > record.expires ? { ...record, expires } : undefined
    return (await this.change(id, undefined, later)) === 'ok'
  }

  async end(id: string, seen: string | undefined): Promise<Outcome> {
    const outcome = await this.change(id, seen, () => ENDED)
    if (outcome !== 'ok') return outcome
    const { connection, prefix, now } = this.#place
    const name = handleOf(id)
    const args = [tombstone(name, now()), now() + TOMBSTONE_MS]
    await connection.run(CREATE, [prefix + name], args)
    return outcome
  }

  /** @param seen only if this is still its version */
  async change(id: string, seen: string | undefined, make: Make): Promise<Outcome> {
    for (;;) {
      const found = await this.#find(id)
      if (found === undefined || (await this.#hasEnded(id, found))) return 'gone'
      if (seen !== undefined && found.record.version !== seen) return 'conflict'
      const next = make(found)
      if (next === undefined || (await this.#swap(id, found, next))) return 'ok'
    }
  }

  async #find(id: string): Promise<FoundText | undefined> {
    const { connection, prefix, now } = this.#place
    const [text = '', left] = await connection.run(PEEK, [prefix + id], [])
    const found = fromSession(id, parseData(text), now(), DEFAULT_LIFE_MS)
    if (found === undefined) return undefined
    // connect-redis touches a session without a trace in its text.
    const expires = Number(left) < 0 ? found.record.expires : now() + Number(left)
    return expires > now() ? { ...found, text, record: { ...found.record, expires } } : undefined
  }

  async #swap(
    id: string,
    { text, attributes }: FoundText,
    next: SessionRecord | typeof ENDED,
  ): Promise<boolean> {
    const { connection, prefix, channel, now } = this.#place
    const [value, expires] =
      next === ENDED
        ? ['', 0]
        : [JSON.stringify(toSession(id, next, attributes, now())), Math.ceil(next.expires)]
    const args = [text, value, expires, channel, `session ${handleOf(id)}`]
    const [outcome] = await connection.run(SWAP, [prefix + id], args)
    return outcome === 'ok'
  }

  /** Here express-session may have written it again, in a request that was slower than the logout. */
  async #hasEnded(id: string, found: Found): Promise<boolean> {
    const stored = await this.#sessions.read(handleOf(id))
    return stored !== undefined || this.#isCovered(id, found)
  }

  async #isCovered(id: string, { record }: Found): Promise<boolean> {
    const { userId, created } = record
    if (userId === undefined) return false
    return covers(await this.#sessions.mark(userId), handleOf(id), created)
  }
}
