import { SessionError } from '../errors.ts'
import { callsOf, type RedisClient } from '../stores/redis/client.ts'
import { RedisConnection, type Script, script } from '../stores/redis/connection.ts'
import type { Form, Rows } from './rows.ts'

/** Django's cache: an entry of `CACHES`. */
export interface DjangoCache {
  /**
   * A client of node-redis or ioredis. For `cached_db` also a function that deletes a key of any
   * cache, memcached for example.
   */
  readonly client: RedisClient | DeleteKey
  /** Default `''`. */
  readonly KEY_PREFIX?: string
  /** Default 1. */
  readonly VERSION?: number
  /**
   * How Django's engine `cache` writes: `'json'` for `"OPTIONS": {"serializer":
   * "django.core.signing.JSONSerializer"}` and the one of django-redis; `'pickle'` is what Django
   * does without them. Default `'json'`.
   */
  readonly serializer?: 'json' | 'pickle'
  /** For the `ZlibCompressor` of django-redis. */
  readonly compressor?: 'zlib'
}

/** Deletes a key of a cache, whichever it is. */
export type DeleteKey = (key: string) => PromiseLike<unknown>

const TIMEOUT_MS = 5000

/** The cache's own name of a key: without a KEY_FUNCTION, as nearly everywhere. */
export function cacheKeyOf(
  { KEY_PREFIX = '', VERSION = 1 }: DjangoCache,
  engine: 'cache' | 'cached_db',
): (key: string) => string {
  return (key) => `${KEY_PREFIX}:${VERSION}:django.contrib.sessions.${engine}${key}`
}

/** @throws SessionError `invalid_option` */
export function redisOf({ client }: DjangoCache): RedisConnection {
  if (typeof client !== 'function') {
    return new RedisConnection(callsOf(client, TIMEOUT_MS), TIMEOUT_MS, () => '')
  }
  throw new SessionError(
    'invalid_option',
    'The engine cache needs a client of Redis in cache.client',
  )
}

const HEX = `
  local function hex(bytes)
    return (bytes:gsub('.', function(byte) return string.format('%02x', byte:byte()) end))
  end
  local function bytes(hex)
    return (hex:gsub('..', function(digits) return string.char(tonumber(digits, 16)) end))
  end
  local found = redis.call('GET', KEYS[1])
  local function set(value, milliseconds)
    if tonumber(milliseconds) > 0 then
      redis.call('SET', KEYS[1], bytes(value), 'PX', milliseconds)
    else
      redis.call('DEL', KEYS[1])
    end
    return {ARGV[1], '1'}
  end
`

/** Each is one step of Redis. The first argument comes back, to tell answers apart. */
const SCRIPTS = {
  read: script(`${HEX}
    if not found then return {ARGV[1]} end
    return {ARGV[1], hex(found), tostring(redis.call('PTTL', KEYS[1]))}`),
  insert: script(`${HEX}
    if found then return {ARGV[1]} end
    return set(ARGV[2], ARGV[3])`),
  replace: script(`${HEX}
    if not found or hex(found) ~= ARGV[2] then return {ARGV[1]} end
    return set(ARGV[3], ARGV[4])`),
  extend: script(`${HEX}
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
      redis.call('PEXPIRE', KEYS[1], ARGV[2])
    end
    return {ARGV[1]}`),
  remove: script(`${HEX}
    if not found or (ARGV[2] ~= '' and hex(found) ~= ARGV[2]) then return {ARGV[1]} end
    redis.call('DEL', KEYS[1])
    return {ARGV[1], '1'}`),
} satisfies Record<string, Script>

/**
 * The engine `cache` in Redis: the value is the dict, unsigned, and its end is that of the key.
 *
 * @param now the clock, in ms since 1970; Redis counts by its own
 */
export function cacheRows(
  redis: RedisConnection,
  keyOf: (key: string) => string,
  form: Form,
  now: () => number,
): Rows {
  const run = (
    verb: keyof typeof SCRIPTS,
    key: string,
    ...values: (string | number)[]
  ): Promise<string[]> => redis.within(() => redis.run(SCRIPTS[verb], [keyOf(key)], values))
  const left = (expires: number): number => Math.floor(expires - now())

  return {
    form,
    guarantees: { noRevival: true, noLostUpdate: false, durableLogout: false, hearsChanges: false },
    async read(key) {
      const [text, milliseconds] = await run('read', key)
      const life = Number(milliseconds)
      if (text === undefined) return undefined
      return life < 0 ? { text, written: now() } : { text, expires: now() + life }
    },
    insert: (key, text, expires) => isDone(run('insert', key, text, left(expires))),
    replace: (key, seen, text, expires) => isDone(run('replace', key, seen, text, left(expires))),
    extend: (key, expires) => run('extend', key, left(expires)),
    remove: (key, seen = '') => isDone(run('remove', key, seen)),
  }
}

async function isDone(answer: Promise<string[]>): Promise<boolean> {
  return (await answer)[0] === '1'
}
