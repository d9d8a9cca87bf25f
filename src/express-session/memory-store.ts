import type { Data } from '../session/data.ts'
import type { Callback } from './session.ts'
import { Store } from './store.ts'

type Answer<T> = (error: unknown, value?: T) => void

/** Keeps sessions in this process, as JSON texts: for development, as with express-session. */
export interface MemoryStore extends Store {
  sessions: Record<string, string>
  all(callback?: Answer<Record<string, Data>>): void
  clear(callback?: Callback): void
  destroy(id: string, callback?: Callback): void
  get(id: string, callback: Answer<Data>): void
  length(callback: Answer<number>): void
  set(id: string, session: object, callback?: Callback): void
  touch(id: string, session: object, callback?: Callback): void
}

interface MemoryStoreConstructor {
  new (): MemoryStore
  (this: object): void
  readonly prototype: MemoryStore
}

export const MemoryStore: MemoryStoreConstructor = function (this: MemoryStore): void {
  Reflect.apply(Store as () => void, this, [])
  this.sessions = Object.create(null)
} as unknown as MemoryStoreConstructor

Object.setPrototypeOf(MemoryStore.prototype, Store.prototype)

const methods: Partial<MemoryStore> & ThisType<MemoryStore> = {
  all(callback) {
    const sessions: Record<string, Data> = Object.create(null)
    for (const id of Object.keys(this.sessions)) {
      const session = find(this.sessions, id)
      if (session) sessions[id] = session
    }
    later(callback, null, sessions)
  },

  clear(callback) {
    this.sessions = Object.create(null)
    later(callback)
  },

  destroy(id, callback) {
    delete this.sessions[id]
    later(callback)
  },

  get(id, callback) {
    later(callback, null, find(this.sessions, id))
  },

  length(callback) {
    this.all((error, sessions) => {
      if (error) callback(error)
      else callback(null, Object.keys(sessions ?? {}).length)
    })
  },

  set(id, session, callback) {
    this.sessions[id] = JSON.stringify(session)
    later(callback)
  },

  touch(id, session, callback) {
    const stored = find(this.sessions, id)
    if (stored) {
      const { cookie } = session as Data
      this.sessions[id] = JSON.stringify({ ...stored, cookie })
    }
    later(callback)
  },
}

Object.assign(MemoryStore.prototype, methods)

function later<Values extends unknown[]>(
  callback: ((...values: Values) => void) | undefined,
  ...values: Values
): void {
  if (callback) setImmediate(callback, ...values)
}

function find(sessions: Record<string, string>, id: string): Data | undefined {
  const text = sessions[id]
  if (text === undefined) return undefined
  const session = JSON.parse(text) as Data & { cookie?: { expires?: string | null } }
  const expires = session.cookie?.expires
  if (!expires || new Date(expires).valueOf() > Date.now()) return session
  delete sessions[id]
  return undefined
}
