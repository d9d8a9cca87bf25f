import { SessionError } from '../errors.ts'
import type { Row as SqlRow } from '../stores/sql/statements.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import type { ColumnTime } from './local-time.ts'
import type { Form, Row, Rows } from './rows.ts'
import type { Dialect, Sql } from './sql.ts'

/** How the databases differ: in how a time goes in and out, and in how texts are compared. */
interface Words {
  /** The column as it is read. */
  readonly expires: string
  readonly time: (name: string) => string
  readonly equals: string
  readonly ignoreTaken: string
}

const WORDS: Readonly<Record<Dialect, Words>> = {
  sqlite: {
    expires: 'expire_date',
    time: (name) => name,
    equals: 'session_data = :seen',
    ignoreTaken: ' ON CONFLICT (session_key) DO NOTHING',
  },
  postgres: {
    expires: '(extract(epoch FROM expire_date) * 1000)::float8',
    time: (name) => `${name}::timestamptz`,
    equals: 'session_data = :seen',
    ignoreTaken: ' ON CONFLICT (session_key) DO NOTHING',
  },
  mysql: {
    expires: "DATE_FORMAT(expire_date, '%Y-%m-%d %H:%i:%s.%f')",
    time: (name) => name,
    // Its usual collations take a for A, and so one signature for another.
    equals: 'session_data = CAST(:seen AS BINARY)',
    ignoreTaken: '',
  },
}

/**
 * The table `django_session`. Every verb is one statement, and writes compare the whole text.
 *
 * @param now the clock, in ms since 1970: the app's, as Django compares with its own
 */
export function databaseRows(
  sql: Sql,
  table: string,
  column: ColumnTime,
  form: Form,
  now: () => number,
): Rows {
  const { expires, time, equals, ignoreTaken } = WORDS[sql.dialect]
  const name = quote(table, sql.dialect)
  const living = `session_key = :key AND expire_date > ${time(':now')}`
  const statements = {
    read: `SELECT session_data AS data, ${expires} AS expires FROM ${name} WHERE ${living}`,
    insert: `INSERT INTO ${name} (session_key, session_data, expire_date) VALUES (:key, :data, ${time(':expires')})${ignoreTaken}`,
    replace: `UPDATE ${name} SET session_data = :data, expire_date = ${time(':expires')} WHERE ${living} AND ${equals}`,
    extend: `UPDATE ${name} SET expire_date = ${time(':expires')} WHERE ${living} AND expire_date < ${time(':expires')}`,
    remove: `DELETE FROM ${name} WHERE session_key = :key`,
    removeSeen: `DELETE FROM ${name} WHERE session_key = :key AND ${equals}`,
    sweep: `DELETE FROM ${name} WHERE expire_date < ${time(':now')}`,
  }
  const isInstant = sql.dialect === 'postgres'
  const text = (at: number): string => (isInstant ? new Date(at).toISOString() : column.text(at))
  const rowOf = (row: SqlRow | undefined): Row | undefined => {
    if (typeof row?.['data'] !== 'string') return undefined
    const end = isInstant ? Number(row['expires']) : column.read(String(row['expires']))
    return end === undefined ? undefined : { text: row['data'], expires: end }
  }
  function* isOne(verb: keyof typeof statements, values: Record<string, string>): Steps<boolean> {
    return (yield* wait(sql.change(statements[verb], { ...values, now: text(now()) }))) === 1
  }
  function* read(key: string): Steps<Row | undefined> {
    return rowOf((yield* wait(sql.select(statements.read, { key, now: text(now()) })))[0])
  }

  return {
    form,
    // Django itself writes whole rows, whatever is there.
    guarantees: { noRevival: true, noLostUpdate: false, durableLogout: true, hearsChanges: false },
    read: (key) => walk(read(key)),
    insert: (key, data, end) => walk(isOne('insert', { key, data, expires: text(end) })),
    replace: (key, seen, data, end) =>
      walk(isOne('replace', { key, seen, data, expires: text(end) })),
    extend: (key, end) => walk(isOne('extend', { key, expires: text(end) })),
    remove(key, seen) {
      if (seen === undefined) return walk(isOne('remove', { key }))
      return walk(isOne('removeSeen', { key, seen }))
    },
    async sweep() {
      return (await sql.change(statements.sweep, { now: text(now()) })) ?? 0
    },
  }
}

/** @throws SessionError `invalid_option` */
export function quote(name: string, dialect: Dialect): string {
  if (!/^(?:\w{1,63}\.)?\w{1,63}$/.test(name)) {
    throw new SessionError('invalid_option', 'table must be a name, or two of them: schema.table')
  }
  const mark = dialect === 'mysql' ? '`' : '"'
  return name.replaceAll(/\w+/g, (part) => mark + part + mark)
}
