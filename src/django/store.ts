import { hash } from 'node:crypto'
import { SessionError } from '../errors.ts'
import { parseData } from '../session/data.ts'
import { ENDED, type SessionRecord, type Store } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import { ProcessMemory } from '../stores/connect/memory.ts'
import { addLogin, type AuthSettings, findLogin, LOGIN_NAMES } from './auth.ts'
import { EXPIRY, expiryOf, isSafeExpiry } from './expiry.ts'
import { changeMembers, dataOf, type Dict, dictText } from './python-json.ts'
import type { Row, Rows } from './rows.ts'

/** What Django makes its keys of; a key of other characters is asked for nowhere. */
export const SESSION_KEY: RegExp = /^[a-z0-9]{32}$/

export interface StoreSettings extends AuthSettings {
  /** `SESSION_COOKIE_AGE`, in ms. */
  readonly age: number
  readonly readOnly: boolean
  readonly now: () => number
}

interface Found {
  readonly row: Row
  /** Undefined for a row that cannot be read. */
  readonly members: Dict | undefined
  readonly expires: number
}

/** Django's sessions as records: whose they are is what Django would say, asked in its own words. */
export class DjangoStore implements Store {
  readonly guarantees: Store['guarantees']
  readonly #rows: Rows
  readonly #settings: StoreSettings
  readonly #memory: ProcessMemory
  readonly #versions = new Versions()

  constructor(rows: Rows, settings: StoreSettings) {
    this.#rows = rows
    this.#settings = settings
    this.#memory = new ProcessMemory(settings.now)
    this.guarantees = rows.guarantees
  }

  read(key: string): ReturnType<Store['read']> {
    return walk(this.#read(key))
  }

  create(key: string, record: SessionRecord): ReturnType<Store['create']> {
    return walk(this.#create(key, record))
  }

  update(key: string, record: SessionRecord, seen: string): ReturnType<Store['update']> {
    return walk(this.#update(key, record, seen))
  }

  touch(key: string, expires: number): ReturnType<Store['touch']> {
    return walk(this.#touch(key, expires))
  }

  end(key: string, seen?: string): ReturnType<Store['end']> {
    return walk(this.#end(key, seen))
  }

  async sweep(): Promise<number> {
    return (await this.#rows.sweep?.()) ?? 0
  }

  *#read(key: string): Steps<SessionRecord | typeof ENDED | undefined> {
    const found = this.#memory.hasEnded(key) ? undefined : yield* this.#find(key)
    const record = found && (yield* this.#record(key, found))
    return this.#memory.hasEnded(key) ? ENDED : record
  }

  *#find(key: string): Steps<Found | undefined> {
    if (!SESSION_KEY.test(key)) return undefined
    const row = yield* wait(this.#rows.read(key))
    if (row === undefined) return undefined
    const { now, age } = this.#settings
    const members = this.#rows.form.read(row.text)
    const end = (): number => expiryOf(members ? dataOf(members) : {}, row.written ?? 0, age)
    const expires = row.expires ?? end()
    return expires > now() ? { row, members, expires } : undefined
  }

  *#record(key: string, { row, members, expires }: Found): Steps<SessionRecord | undefined> {
    const version = this.#versions.of(row.text)
    const record = {
      version,
      userId: undefined,
      claims: '{}',
      created: this.#settings.now(),
      expires,
    }
    // Another service's, or nobody's: it may be right for those who have the key (R41).
    if (members === undefined) return { ...record, data: '' }
    const login = yield* findLogin(members, this.#settings)
    if (login === 'over') return yield* this.#flush(key, row)
    const hidden = new Map([...members].filter(([name]) => !LOGIN_NAMES.includes(name)))
    return { ...record, ...login, data: JSON.stringify(dataOf(hidden)) }
  }

  /** The password is another one since: the session ends, as in Django (DJG-09). */
  *#flush(key: string, row: Row): Steps<undefined> {
    if (this.#settings.readOnly) return
    if (yield* wait(this.#rows.remove(key, row.text))) this.#memory.rememberEnded(key)
  }

  *#create(key: string, record: SessionRecord): Steps<boolean> {
    this.#refuseWriting()
    if (this.#memory.hasEnded(key)) return false
    const { users, now } = this.#settings
    const members = changedMembers(new Map(), record.data)
    const { userId } = record
    if (userId !== undefined) {
      yield* addLogin(members, userId, this.#settings)
      yield* wait(users.loggedIn?.(userId, now()))
    }
    const text = this.#rows.form.write(members)
    if (!(yield* wait(this.#rows.insert(key, text, record.expires)))) return false
    this.#versions.remember(text, record.version)
    return true
  }

  *#update(key: string, record: SessionRecord, seen: string): Steps<'ok' | 'conflict' | 'gone'> {
    this.#refuseWriting()
    const found = yield* this.#find(key)
    if (found?.members === undefined || this.#memory.hasEnded(key)) return 'gone'
    if (this.#versions.of(found.row.text) !== seen) return 'conflict'
    const { row, members: before } = found
    const members = changedMembers(before, record.data)
    if (dictText(members) === dictText(before)) {
      yield* wait(this.#rows.extend(key, record.expires))
      this.#versions.remember(row.text, record.version)
      return 'ok'
    }
    const text = this.#rows.form.write(members)
    if (!(yield* wait(this.#rows.replace(key, row.text, text, record.expires)))) {
      return (yield* this.#find(key)) ? 'conflict' : 'gone'
    }
    this.#versions.remember(text, record.version)
    return 'ok'
  }

  *#touch(key: string, expires: number): Steps<boolean> {
    this.#refuseWriting()
    const found = yield* this.#find(key)
    if (found?.members === undefined || this.#memory.hasEnded(key)) return false
    yield* wait(this.#rows.extend(key, expires))
    return true
  }

  *#end(key: string, seen: string | undefined): Steps<'ok' | 'conflict' | 'gone'> {
    this.#refuseWriting()
    const found = yield* this.#find(key)
    const unreadable = found !== undefined && found.members === undefined
    if (unreadable || !SESSION_KEY.test(key)) return 'gone'
    if (found !== undefined && seen !== undefined && this.#versions.of(found.row.text) !== seen) {
      return 'conflict'
    }
    const text = seen === undefined ? undefined : found?.row.text
    const removed = yield* wait(this.#rows.remove(key, text))
    if (found === undefined) return 'gone'
    if (!removed) return (yield* this.#find(key)) ? 'conflict' : 'gone'
    this.#memory.rememberEnded(key)
    return 'ok'
  }

  #refuseWriting(): void {
    if (!this.#settings.readOnly) return
    throw new SessionError('not_supported', 'The sessions are read only: leave out readOnly')
  }
}

/** The members as they are to be stored: those of the login as they were. */
function changedMembers(before: Dict, text: string): Dict {
  const data = parseData(text) ?? {}
  for (const name of LOGIN_NAMES) {
    if (Object.hasOwn(data, name)) throw unfit(`session.${name} is Django's own; use login()`)
  }
  const login = new Map([...before].filter(([name]) => LOGIN_NAMES.includes(name)))
  const members = changeMembers(before, { ...data, ...dataOf(login) })
  if (members.get(EXPIRY) !== before.get(EXPIRY) && !isSafeExpiry(data[EXPIRY])) {
    throw unfit(
      `session.${EXPIRY} must be a whole number of seconds: not every Django reads another form`,
    )
  }
  return members
}

function unfit(message: string): SessionError {
  return new SessionError('invalid_data', message)
}

const MOST_VERSIONS = 10_000

/** What this process wrote last is known by the version it gave it, all else by its contents. */
class Versions {
  readonly #byHash = new Map<string, string>()

  of(text: string): string {
    const contents = hash('sha256', text, 'base64url')
    return this.#byHash.get(contents) ?? contents
  }

  remember(text: string, version: string): void {
    this.#byHash.set(hash('sha256', text, 'base64url'), version)
    const [oldest] = this.#byHash.keys()
    if (this.#byHash.size > MOST_VERSIONS && oldest !== undefined) this.#byHash.delete(oldest)
  }
}
