import { SessionError } from '../errors.ts'
import { type Duration, milliseconds } from '../duration.ts'
import type { Store } from '../session/record.ts'
import { hearChanges } from './redis/changes.ts'
import { callsOf, type RedisClient } from './redis/client.ts'
import { ConnectRedisSessions } from './redis/connect.ts'
import { RedisConnection } from './redis/connection.ts'
import { Resending } from './redis/resending.ts'
import { redisRevocations } from './redis/revocations.ts'
import { type Outcome, type RedisPlace, RedisSessions } from './redis/sessions.ts'
import { handleOf } from './stored-id.ts'

export type { RedisClient } from './redis/client.ts'

/** Where in Redis sessions are kept, and how long to wait for it. */
export interface RedisOptions {
  /**
   * What all keys begin with; default `'symbolon:'`. With the prefix of connect-redis, `'sess:'`,
   * the sessions that it wrote are read, and changed in its form.
   */
  readonly prefix?: string
  /** How long a verb waits for Redis; default `'5s'`. */
  readonly timeout?: Duration
  /** Whether changes are published, so that all processes hear of them; default true. */
  readonly notify?: boolean
  /** For how long removals are remembered, to be done again after a fail-over; default `'15m'`. */
  readonly resend?: Duration
  /** The clock of tests, in ms since 1970. By default Redis decides by its own what has expired. */
  readonly now?: () => number
}

const DEFAULT_PREFIX = 'symbolon:'
/** For tests: how much their clock may run behind that of Redis. */
const SLACK_MS = 86_400_000
const HANDLE = /^[\w-]{43}$/
/** With which clients tell that a connection was made, or another server took over. */
const RECONNECTED = ['ready', 'topology-change', 'node-ready', '+node']

/**
 * Keeps sessions in Redis 6.2 or newer, or in Valkey: single, with Sentinel, or a Cluster. Ids are
 * stored as hashes: whoever reads a dump cannot make a cookie of it. Every write is one step that
 * compares and swaps; Redis itself removes what has expired.
 *
 * A Redis that acknowledges before its disk or its replicas have a write may lose the last ones, so
 * `guarantees.durableLogout` is false. Logouts and revocations of the last `resend` are therefore
 * done again after each reconnect, as long as this process lives.
 *
 * @param client connected, and closed, by the app; `close` ends what the store itself began. Best
 *   without an offline queue: `disableOfflineQueue: true` for node-redis, for ioredis
 *   `enableOfflineQueue: false, maxRetriesPerRequest: 0, enableAutoPipelining: true`
 * @throws SessionError `invalid_option`: no such client, or one that reads from replicas; a verb
 *   throws `store_unavailable`, at once while there is no connection, or `store_timeout`
 *
 * @example
 * const client = await createClient({ disableOfflineQueue: true }).connect()
 * const sessions = createSessions({ keys, fields, store: redis(client) })
 */
export function redis(
  client: RedisClient,
  options: RedisOptions = {},
): Required<Omit<Store, 'changes' | 'sweep'>> & Pick<Store, 'changes'> {
  const { prefix = DEFAULT_PREFIX, notify = true, now = Date.now } = options
  const timeout = milliseconds(options.timeout ?? '5s', 'timeout')
  if (typeof prefix !== 'string' || timeout === 0) {
    throw new SessionError('invalid_option', 'prefix must be text, and timeout longer than nothing')
  }
  const time = options.now ?? (() => '' as const)
  const connection = new RedisConnection(callsOf(client, timeout), timeout, time)
  const place: RedisPlace = {
    connection,
    prefix,
    channel: notify ? `${prefix}changes` : '',
    now,
    slack: options.now ? SLACK_MS : 0,
  }
  const sessions = new RedisSessions(place)
  const older = prefix === DEFAULT_PREFIX ? undefined : new ConnectRedisSessions(place, sessions)
  const resending = new Resending(connection, milliseconds(options.resend ?? '15m', 'resend'))
  connection.failed = resending.schedule
  for (const event of RECONNECTED) client.on(event, resending.schedule)
  const hearings = new Set<() => void>()

  const end = async (handle: string, seen?: string): Promise<Outcome> => {
    const outcome = await sessions.end(handle, seen)
    if (outcome === 'ok') resending.remember(handle, () => sessions.end(handle))
    return outcome
  }

  return {
    guarantees: {
      noRevival: true,
      noLostUpdate: true,
      durableLogout: false,
      hearsChanges: notify,
    },

    read: (id, userId) =>
      connection.within(async () => (await sessions.read(handleOf(id), userId)) ?? older?.read(id)),

    create: (id, record) =>
      connection.within(async () => {
        const isTaken = (await older?.read(id)) !== undefined
        return !isTaken && sessions.create(handleOf(id), record)
      }),

    update: (id, record, seen) =>
      connection.within(async () => {
        const outcome = await sessions.update(handleOf(id), record, seen)
        return outcome === 'gone' && older ? older.change(id, seen, () => record) : outcome
      }),

    touch: (id, expires) =>
      connection.within(
        async () =>
          (await sessions.touch(handleOf(id), expires)) || (older?.touch(id, expires) ?? false),
      ),

    end: (id, seen) =>
      connection.within(async () => {
        const outcome = await end(handleOf(id), seen)
        return outcome === 'gone' && older ? older.end(id, seen) : outcome
      }),

    handle: handleOf,
    ofUser: (userId) => connection.within(() => sessions.ofUser(userId)),

    updateHandle: (handle, record, seen) =>
      connection.within(async () =>
        HANDLE.test(handle) ? sessions.update(handle, record, seen) : 'gone',
      ),

    endHandle: (handle) =>
      connection.within(async () => HANDLE.test(handle) && (await end(handle)) === 'ok'),

    revokeUser: (userId, mark) =>
      connection.within(async () => {
        await sessions.setMark(userId, mark)
        resending.remember(`user ${userId}`, () => sessions.setMark(userId, mark))
      }),

    userMark: (userId) => connection.within(() => sessions.mark(userId)),
    revocations: redisRevocations(place, resending),

    ...(notify && {
      changes: (hear) => {
        const stop = hearChanges(connection, place.channel, hear)
        hearings.add(stop)
        return () => {
          hearings.delete(stop)
          stop()
        }
      },
    }),

    close() {
      for (const stop of hearings) stop()
      for (const event of RECONNECTED) client.off(event, resending.schedule)
      resending.close()
    },
  }
}
