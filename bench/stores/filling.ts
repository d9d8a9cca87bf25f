import { DatabaseSync } from 'node:sqlite'
import type { SessionRecord, Store } from 'symbolon'
import type { PostgresPool } from './clients.ts'

// Numbered sessions as `login` leaves them, made by one statement inside of the database instead of
// by as many commits.

const SESSIONS_PER_USER = 5
const CLAIMS = '{"uid":"7","r":["editor","billing"]}'
const DATA = '{"theme":"dark","visits":0}'
const LIFE_MS = 14 * 86_400_000

/** Which sessions there are to be. */
export interface Filling {
  /** The number of the first one. */
  readonly from: number
  readonly count: number
  readonly isExpired?: boolean
}

export function idOf(number: number): string {
  return `session ${number}`
}

export function userOf(number: number): string {
  return `user ${Math.floor(number / SESSIONS_PER_USER)}`
}

export function recordOf(number: number, isExpired = false): SessionRecord {
  const created = Date.now() - LIFE_MS
  const expires = isExpired ? created + 1 : Date.now() + LIFE_MS
  const texts = { version: 'filled', claims: CLAIMS, data: DATA }
  return { ...texts, userId: userOf(number), created, expires }
}

/** @param store on this file, which has made its tables */
export function fillSqlite(store: Store, file: string, { from, count, isExpired }: Filling): void {
  const { version, claims, data, created, expires } = recordOf(from, isExpired)
  const database = new DatabaseSync(file)
  database.function('stored_id', (number) =>
    Buffer.from(store.handle!(idOf(Number(number))), 'base64url'),
  )
  // Each page is written once, and not to the disk before its time: nobody needs the rows after a crash.
  database.exec('PRAGMA cache_size = -1000000; PRAGMA synchronous = OFF')
  database
    .prepare(
      `WITH RECURSIVE row (number) AS
         (SELECT cast(:from AS INTEGER) UNION ALL SELECT number + 1 FROM row WHERE number < :last)
       INSERT INTO symbolon_sessions (id, version, user_id, claims, data, created, expires)
       SELECT stored_id(number), :version, 'user ' || (number / ${SESSIONS_PER_USER}),
         :claims, :data, :created, :expires FROM row`,
    )
    .run({ from, last: from + count - 1, version, claims, data, created, expires })
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

export async function fillPostgres(
  pool: PostgresPool,
  table: string,
  { from, count, isExpired }: Filling,
): Promise<void> {
  const { version, claims, data, created, expires } = recordOf(from, isExpired)
  const bytes = `sha256(convert_to('symbolon stored id v1 session ' || number, 'UTF8'))`
  await pool.query(
    `INSERT INTO ${table} (id, version, user_id, claims, data, created, expires)
     SELECT translate(encode(${bytes}, 'base64'), '+/=', '-_'), $3,
       'user ' || (number / ${SESSIONS_PER_USER}), $4, $5, $6, $7
     FROM generate_series($1::int, $2::int) AS number`,
    [from, from + count - 1, version, claims, data, created, expires],
  )
  await pool.query(`VACUUM ANALYZE ${table}`)
}
