import { tmpdir } from 'node:os'
import type { Fields } from '../token/fields.ts'
import { cacheKeyOf, cacheRows, redisOf } from './cache-rows.ts'
import { cachedRows } from './cached-rows.ts'
import { databaseRows } from './database-rows.ts'
import { fileRows } from './file-rows.ts'
import { cacheForm, jsonSerializer, pickleSerializer, signedForm } from './forms.ts'
import type { ColumnTime } from './local-time.ts'
import { type AnyDjangoOptions, invalid } from './options.ts'
import type { Rows } from './rows.ts'
import type { Sql } from './sql.ts'
import { type Users, usersInTable } from './users.ts'

/** @throws SessionError `invalid_option` */
export function usersOf(
  { user = {} }: AnyDjangoOptions,
  sql: Sql | undefined,
  { list }: Fields,
  time: ColumnTime,
): Users {
  if (typeof user === 'function') return { find: user }
  if (sql === undefined)
    throw invalid('database is missing, or user as a function: whose sessions are they?')
  return usersInTable(
    sql,
    user,
    list.map(({ path }) => path.join('.')),
    time,
  )
}

/** @throws SessionError `invalid_option` */
export function rowsOf(
  options: AnyDjangoOptions,
  sql: Sql | undefined,
  time: ColumnTime,
  secrets: readonly [string, ...string[]],
  now: () => number,
): Rows {
  const { engine = 'db', table = 'django_session', cache } = options
  const signed = signedForm(secrets, now)
  if (engine === 'file') {
    const { filePath = tmpdir(), SESSION_COOKIE_NAME = 'sessionid' } = options
    return fileRows(filePath, SESSION_COOKIE_NAME, signed)
  }
  if (engine === 'cache') {
    if (cache === undefined) throw invalid('The engine cache needs the option cache')
    const serializer = cache.serializer === 'pickle' ? pickleSerializer : jsonSerializer
    const form = cacheForm(serializer, cache.compressor === 'zlib')
    return cacheRows(redisOf(cache), cacheKeyOf(cache, 'cache'), form, now)
  }
  if (sql === undefined) throw invalid(`The engine ${engine} needs the option database`)
  const rows = databaseRows(sql, table, time, signed, now)
  if (engine === 'db') return rows
  if (cache === undefined) throw invalid('The engine cached_db needs the option cache')
  return cachedRows(rows, cache)
}
