import { SessionError } from '../errors.ts'
import type { Store } from '../session/record.ts'
import { keyValueStore, type KeyValueOptions } from './key-value.ts'

export type { KeyValueOptions } from './key-value.ts'

/** What is used of a Keyv instance, version 5 or 6. */
export interface KeyvClient {
  get(key: string): Promise<unknown>
  set(key: string, value: string, ttl: number): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
}

/**
 * Keeps sessions in whatever Keyv keeps values in. Keyv cannot compare and swap: between processes a
 * change may be lost, and a logout, to a request of the same moment; within one process neither is.
 * The stores for Redis, PostgreSQL, MySQL and SQLite promise both.
 *
 * @throws SessionError `invalid_option`; a verb throws `store_timeout`, or the error of the storage
 *
 * @example
 * const sessions = createSessions({ keys, fields, store: keyv(new Keyv({ store: adapter })) })
 */
export function keyv(client: KeyvClient, options: KeyValueOptions = {}): Store {
  if ((['get', 'set', 'on'] as const).some((name) => typeof client?.[name] !== 'function')) {
    throw new SessionError('invalid_option', 'keyv() needs a Keyv instance: new Keyv(…)')
  }
  // To who listens for errors Keyv answers a failed read as if there were no value: everybody would
  // be logged out. It tells of the error before it answers.
  let failures = 0
  let failure: unknown
  client.on('error', (error) => {
    failures++
    failure = error
  })
  const heard = async <T>(
    call: () => Promise<T>,
    isFailure: (answer: T) => boolean,
  ): Promise<T> => {
    const before = failures
    const answer = await call()
    if (isFailure(answer) && failures > before) throw failure
    return answer
  }
  return keyValueStore(
    {
      get: (key) =>
        heard(
          () => client.get(key),
          (answer) => answer === undefined,
        ),
      set: (key, value, life) =>
        heard(
          () => client.set(key, value, life),
          () => true,
        ),
    },
    options,
  )
}
