import { SessionError } from '../errors.ts'
import type { MaybePromise, Store } from '../session/record.ts'
import { keyValueStore, type KeyValueOptions } from './key-value.ts'

export type { KeyValueOptions } from './key-value.ts'

/** What is used of an unstorage `Storage`, version 1 or 2. */
export interface UnstorageClient {
  getItem(key: string): MaybePromise<unknown>
  setItem(key: string, value: string, options: { readonly ttl: number }): MaybePromise<unknown>
}

/**
 * Keeps sessions in an unstorage `Storage`, and so in each of its drivers. It cannot compare and swap:
 * between processes a change may be lost, and a logout, to a request of the same moment; within one
 * process neither is. The stores for Redis, PostgreSQL, MySQL and SQLite promise both.
 *
 * Most drivers ignore lifes: what has expired is found no more, but stays until it is removed.
 *
 * @throws SessionError `invalid_option`; a verb throws `store_timeout`, or what the driver threw
 *
 * @example
 * const storage = prefixStorage(createStorage({ driver }), 'sessions')
 * const sessions = createSessions({ keys, fields, store: unstorage(storage) })
 */
export function unstorage(storage: UnstorageClient, options: KeyValueOptions = {}): Store {
  if (typeof storage?.getItem !== 'function' || typeof storage.setItem !== 'function') {
    throw new SessionError(
      'invalid_option',
      'unstorage() needs a storage: createStorage({ driver })',
    )
  }
  return keyValueStore(
    {
      get: (key) => storage.getItem(key),
      set: (key, value, life) => storage.setItem(key, value, { ttl: Math.ceil(life / 1000) }),
    },
    options,
  )
}
