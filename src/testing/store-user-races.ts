import assert from 'node:assert/strict'
import { ENDED, type SessionRecord } from '../session/record.ts'
import { newId, newVersion, recordAt, type StoreBench, type StoreCase } from './store-bench.ts'
import { markAt } from './store-marks.ts'
import { living, pause } from './store-races.ts'
import { inOrder, type UserStore } from './store-users.ts'

const SESSIONS = 50
/** Rounds under way at once. */
const AT_ONCE = 5
const CLIENTS = 8
const ACTIONS = 12

/** What requests may do while all sessions of their user end. */
export const userRaces: Record<string, StoreCase<UserStore>> = {
  'RAC-08 no session survives a revokeUser against requests in flight': async (bench) => {
    const { store, other, clock, random } = bench
    const ids = Array.from({ length: SESSIONS }, newId)
    for (const id of ids) await store.create(id, recordAt(clock, { created: clock.now() - 1 }))
    const use = async (id: string, user: UserStore): Promise<void> => {
      for (let answer = 'ok'; answer !== 'gone';) {
        const read = await user.read(id)
        if (read === undefined || read === ENDED) return
        await pause(random)
        answer = await user.update(id, { ...read, version: newVersion() }, read.version)
        await user.touch(id, read.expires + 1)
      }
    }
    const using = ids.map((id, n) => use(id, n % 2 ? store : other))
    const logins = Array.from({ length: SESSIONS }, async (_, n) => {
      const id = newId()
      for (let waited = 0; waited < n; waited += 10) await pause(random)
      await (n % 2 ? store : other).create(id, recordAt(clock))
      return id
    })
    await pause(random)
    await store.revokeUser('ada', markAt(clock))
    for (const id of ids) assert.equal(await other.read(id), ENDED)
    await Promise.all(using)
    for (const id of [...ids, ...(await Promise.all(logins))]) {
      assert.equal(await store.read(id), ENDED)
      assert.equal(await other.read(id), ENDED)
    }
    assert.deepEqual(await store.ofUser('ada'), [])
  },

  'RAC-15 clients at once read what was acknowledged, and lose no write': async (bench) => {
    const rounds = bench.histories / 10
    for (let done = 0; done < rounds; done += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => new Round(bench).check()))
    }
  },
}

/** What has been acknowledged of one session. */
interface Known {
  readonly id: string
  readonly userId: string
  readonly created: number
  readonly writes: Set<string>
  ended: boolean
}

/** Clients who each do what chance says, all at once, with the sessions of two users. */
class Round {
  readonly #bench: StoreBench<UserStore>
  readonly #users = [newId(), newId()]
  readonly #known: Known[] = []
  /** Until when the sessions of each user were acknowledged to have ended. */
  readonly #revoked: Record<string, number> = {}

  constructor(bench: StoreBench<UserStore>) {
    this.#bench = bench
  }

  async check(): Promise<void> {
    const client = async (): Promise<void> => {
      for (let action = 0; action < ACTIONS; action++) {
        await pause(this.#bench.random)
        await this.#act()
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    for (const known of this.#known) await this.#read(known)
    for (const userId of this.#users) await this.#list(userId)
    await Promise.all(this.#users.map((userId) => this.#revoke(userId)))
  }

  async #act(): Promise<void> {
    const { random } = this.#bench
    const known = this.#known[random(this.#known.length || 1)]
    const userId = this.#users[random(2)]!
    const chance = random(20)
    if (known === undefined || chance < 5) await this.#create(userId)
    else if (chance < 10) await this.#write(known)
    else if (chance < 15) await this.#read(known)
    else if (chance < 18) await this.#end(known)
    else await this.#revoke(userId)
  }

  async #create(userId: string): Promise<void> {
    const { clock } = this.#bench
    clock.advance(1)
    const id = newId()
    const record = recordAt(clock, { userId, data: '{}' })
    await this.#store().create(id, record)
    const { created } = record
    const ended = this.#isCovered({ userId, created })
    this.#known.push({ id, userId, created, writes: new Set(), ended })
  }

  /** Adds a property, as often as another client is faster. */
  async #write(known: Known): Promise<void> {
    const name = newVersion()
    for (let answer = 'conflict'; answer === 'conflict';) {
      const read = await this.#read(known)
      if (read === undefined) return
      await pause(this.#bench.random)
      const data = JSON.stringify({ ...JSON.parse(read.data), [name]: true })
      const record = { ...read, version: newVersion(), data }
      answer = await this.#store().update(known.id, record, read.version)
      if (answer === 'ok') known.writes.add(name)
    }
  }

  async #read(known: Known): Promise<SessionRecord | undefined> {
    const { ended, writes, userId } = { ...known, writes: [...known.writes] }
    const read = await this.#store().read(known.id)
    if (read === undefined || read === ENDED) return undefined
    assert.ok(!ended, 'no session is read after its end was acknowledged')
    assert.equal(read.userId, userId)
    const data = JSON.parse(read.data)
    for (const name of writes) assert.ok(name in data, 'no acknowledged write is lost')
    return read
  }

  async #end(known: Known): Promise<void> {
    const store = this.#store()
    if (this.#bench.random(2)) await store.end(known.id)
    else await store.endHandle(store.handle(known.id))
    known.ended = true
  }

  async #revoke(userId: string): Promise<void> {
    const mark = markAt(this.#bench.clock)
    await this.#store().revokeUser(userId, mark)
    this.#revoked[userId] = Math.max(mark.before, this.#revoked[userId] ?? 0)
    for (const known of this.#known) known.ended ||= this.#isCovered(known)
  }

  #isCovered({ userId, created }: Pick<Known, 'userId' | 'created'>): boolean {
    return created <= (this.#revoked[userId] ?? 0)
  }

  async #list(userId: string): Promise<void> {
    const store = this.#store()
    const listed = inOrder(await store.ofUser(userId)).map(({ handle }) => handle)
    const alive = this.#known.filter((known) => known.userId === userId && !known.ended)
    const expected = alive.map(({ id }) => store.handle(id)).toSorted()
    assert.deepEqual(listed, expected)
    for (const { id } of alive) await living(store, id)
  }

  #store(): UserStore {
    return this.#bench.random(2) ? this.#bench.store : this.#bench.other
  }
}
