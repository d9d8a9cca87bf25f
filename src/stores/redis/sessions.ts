import {
  ENDED,
  type SessionRecord,
  type StoredSession,
  TOMBSTONE_MS,
  type UserMark,
} from '../../session/record.ts'
import type { RedisConnection, Script } from './connection.ts'
import { CREATE, END, LIST, MARK, NOTE, TOUCH, UPDATE } from './scripts.ts'
import { parseMark, parseStored, recordValue, seal, tombstone, userName } from './values.ts'

/** Where the store keeps what, and by which clock. */
export interface RedisPlace {
  readonly connection: RedisConnection
  readonly prefix: string
  /** Where changes are told, or nothing. */
  readonly channel: string
  readonly now: () => number
  /** For how long Redis itself keeps what has expired, in ms: the clock of tests may stand still. */
  readonly slack: number
}

export type Outcome = 'ok' | 'conflict' | 'gone'

const ANY_VERSION = ' '

/** The sessions, each under a key of its name, with the sessions and the mark of each user. */
export class RedisSessions {
  readonly #place: RedisPlace

  constructor(place: RedisPlace) {
    this.#place = place
  }

  /** @param user whose mark is fetched with the record, if it is likely to be theirs */
  async read(name: string, user?: string): Promise<SessionRecord | typeof ENDED | undefined> {
    const { connection, prefix } = this.#place
    const [value, mark] = await Promise.all([
      connection.get(prefix + name),
      user === undefined ? undefined : this.mark(user),
    ])
    const stored = value === undefined ? undefined : parseStored(name, value)
    if (stored === undefined || this.#isOver(stored.expires)) return undefined
    const { answer } = stored
    if (answer === ENDED || answer.userId === undefined) return answer
    const theirs = answer.userId === user ? mark : await this.mark(answer.userId)
    return covers(theirs, name, answer.created) ? ENDED : answer
  }

  async create(name: string, record: SessionRecord): Promise<boolean> {
    const { userId, expires } = record
    // Noted first: what a crash leaves is a note of nothing, and no session that is not listed.
    const [, [outcome]] = await Promise.all([
      userId === undefined ? undefined : this.#note(userId, name, expires),
      this.#run(CREATE, name, [recordValue(name, record), this.#until(expires)]),
    ])
    return outcome === 'ok'
  }

  async update(name: string, record: SessionRecord, seen: string): Promise<Outcome> {
    const { userId, expires } = record
    const value = recordValue(name, record)
    const [reply, mark] = await Promise.all([
      this.#run(UPDATE, name, [value, this.#until(expires), seen, ...this.#telling(name)]),
      userId === undefined ? undefined : this.#note(userId, name, expires),
    ])
    const outcome = await this.#unlessCovered(name, reply, async (user) =>
      user === userId ? mark : this.mark(user),
    )
    // What was written over an ended record may look as if it had begun after the mark.
    if (outcome === 'gone' && reply[0] === 'ok') await this.end(name, record.version)
    return outcome
  }

  async touch(name: string, expires: number): Promise<boolean> {
    const reply = await this.#run(TOUCH, name, [expires, this.#until(expires)])
    const note = (user: string): Promise<UserMark | undefined> => this.#note(user, name, expires)
    return (await this.#unlessCovered(name, reply, note)) === 'ok'
  }

  async end(name: string, seen: string = ANY_VERSION): Promise<Outcome> {
    const { now, slack } = this.#place
    const life = TOMBSTONE_MS + slack
    const args = [tombstone(name, now()), life, seen, ...this.#telling(name)]
    const reply = await this.#run(END, name, args)
    return this.#unlessCovered(name, reply, (user) =>
      reply[0] === 'ok' ? this.#note(user, name) : this.mark(user),
    )
  }

  async ofUser(userId: string): Promise<readonly StoredSession[]> {
    const { connection, prefix } = this.#place
    const [markText = '', ...names] = await connection.run(LIST, this.#userKeys(userId), [])
    const mark = this.#parseMark(userId, markText)
    const values = await Promise.all(names.map((name) => connection.get(prefix + name)))
    return names.flatMap((handle, index) => {
      const value = values[index]
      const stored = value === undefined ? undefined : parseStored(handle, value)
      if (stored === undefined || stored.answer === ENDED || this.#isOver(stored.expires)) return []
      const { answer: record } = stored
      const isTheirs = record.userId === userId && !covers(mark, handle, record.created)
      return isTheirs ? [{ handle, record }] : []
    })
  }

  async mark(userId: string): Promise<UserMark | undefined> {
    const [, key] = this.#userKeys(userId)
    return this.#parseMark(userId, (await this.#place.connection.get(key)) ?? '')
  }

  async setMark(userId: string, mark: UserMark): Promise<void> {
    const { channel, connection, slack } = this.#place
    const { before, except, expires } = mark
    const [, key] = this.#userKeys(userId)
    const names = except.map((name) => `\n${name}`).join('')
    const args = [seal(userName(userId)), before, Math.ceil(expires), names, slack]
    await connection.run(MARK, [key], [...args, channel, `user ${userId}`])
  }

  /** The time at which Redis removes what ends then. */
  #until(expires: number): number {
    return Math.ceil(expires) + this.#place.slack
  }

  /** Where Redis has another clock than the store, it still has what has expired by the store's. */
  #isOver(expires: number): boolean {
    return this.#place.slack > 0 && expires <= this.#place.now()
  }

  #telling(name: string): [channel: string, message: string] {
    return [this.#place.channel, `session ${name}`]
  }

  #run(script: Script, name: string, args: readonly (string | number)[]): Promise<string[]> {
    return this.#place.connection.run(script, [this.#place.prefix + name], args)
  }

  /** Both in one slot of a cluster. */
  #userKeys(userId: string): [sessions: string, mark: string] {
    const { prefix } = this.#place
    const name = userName(userId)
    return [`${prefix}user:{${name}}`, `${prefix}mark:{${name}}`]
  }

  /** Notes a session as the user's, or with no end as one no more. @returns the user's mark */
  async #note(userId: string, name: string, expires?: number): Promise<UserMark | undefined> {
    const { connection, slack } = this.#place
    const args = [name, expires ?? '', slack]
    const [mark = ''] = await connection.run(NOTE, this.#userKeys(userId), args)
    return this.#parseMark(userId, mark)
  }

  #parseMark(userId: string, text: string): UserMark | undefined {
    const mark = parseMark(userName(userId), text)
    return mark && this.#isOver(mark.expires) ? undefined : mark
  }

  /** What a script answered of a session that the mark of its user may have ended. */
  async #unlessCovered(
    name: string,
    [outcome, user = '', created]: readonly string[],
    markOf: (userId: string) => Promise<UserMark | undefined>,
  ): Promise<Outcome> {
    if (user === '' || outcome === 'gone') return outcome as Outcome
    const mark = await markOf(user.slice(1, -1))
    return covers(mark, name, Number(created)) ? 'gone' : (outcome as Outcome)
  }
}

/** Whether the mark ended a session. */
export function covers(mark: UserMark | undefined, name: string, created: number): boolean {
  return mark !== undefined && created <= mark.before && !mark.except.includes(name)
}
