import { hash } from 'node:crypto'
import { SessionError } from '../../errors.ts'

/** What a store does by a statement of its own. */
export type Verb =
  | ('read' | 'create' | 'update' | 'touch' | 'end')
  | ('ofUser' | 'userMark' | 'mark' | 'endCovered')
  | ('addRevocation' | 'revocations')
  | ('sweepSessions' | 'sweepMarks' | 'sweepRevocations')

export type Values = Readonly<Record<string, string | number | null | undefined>>
export type Row = Readonly<Record<string, unknown>>

/** SQL as a server takes it, and the names of its values in the order of its placeholders. */
export interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly string[]
}

/** The tables of one store, quoted. */
export interface Tables {
  readonly sessions: string
  readonly marks: string
  readonly revocations: string
  readonly counter: string
}

/** Removed by one statement. */
export const SWEPT_AT_ONCE = 1000

/** Leaves room for what is appended: PostgreSQL cuts names after 63 bytes without a word. */
const TABLE = /^(?:[a-z_]\w{0,39}\.)?[a-z_]\w{0,39}$/i

/** @throws SessionError `invalid_option` */
export function tablesOf(table: string, quote: string): Tables {
  if (typeof table !== 'string' || !TABLE.test(table)) {
    throw new SessionError(
      'invalid_option',
      'table must be a name of at most 40 letters, digits and _, or two of them: schema.table',
    )
  }
  const quoted = (suffix: string): string =>
    `${table}${suffix}`.replaceAll(/\w+/g, (part) => `${quote}${part}${quote}`)
  return {
    sessions: quoted(''),
    marks: quoted('_marks'),
    revocations: quoted('_revocations'),
    counter: quoted('_counter'),
  }
}

/** Gives each `:name` of the SQL a placeholder: `$1`, `$2` … by name, or `?` each time. */
export function statement(sql: string, numbered: boolean): Statement {
  const values: string[] = []
  const text = sql.replaceAll(/(?<!:):([a-z]+)/gi, (_, name: string) => {
    if (!numbered || !values.includes(name)) values.push(name)
    return numbered ? `$${values.indexOf(name) + 1}` : '?'
  })
  return { name: `symbolon_${hash('sha256', text).slice(0, 16)}`, text, values }
}

/** What PostgreSQL, MySQL and MariaDB say in the same words. */
export interface CommonSql {
  /** The condition of a session that lives: it has not ended, by itself or by its user's mark. */
  readonly living: string
  /** The condition of a session that its user's mark covers. */
  readonly covered: string
  /** Now, if the user's mark covers the session that is being created; otherwise null. */
  readonly endedAtOnce: string
  readonly statements: Readonly<Record<'read' | 'ofUser' | 'userMark' | 'revocations', string>>
}

/**
 * Aliases of one lower-case word come back as they are from clients that rename columns.
 *
 * @param now an expression for the time in ms since 1970, the same throughout a statement
 */
export function commonSql(tables: Tables, now: string): CommonSql {
  const { sessions, marks, revocations, counter } = tables
  const covering = (id: string, userId: string, created: string): string => `(
    SELECT ${now} FROM ${marks} AS mark
    WHERE mark.user_id = ${userId} AND mark.created_until >= ${created}
    AND mark.expires > ${now} AND position(${id} IN mark.kept) = 0)`
  const endedByMark = covering('session.id', 'session.user_id', 'session.created')
  const living = `session.expires > ${now} AND coalesce(ended, ${endedByMark}) IS NULL`
  const columns = `
    id AS handle, version, user_id AS userid, claims, data, created, expires,
    coalesce(ended, ${endedByMark}) AS ended`
  return {
    living,
    covered: `session.expires > ${now} AND ended IS NULL AND ${endedByMark} IS NOT NULL`,
    endedAtOnce: covering(':id', ':userId', ':created'),
    statements: {
      read: `
        SELECT ${columns} FROM ${sessions} AS session WHERE id = :id AND expires > ${now}`,
      ofUser: `
        SELECT ${columns} FROM ${sessions} AS session WHERE user_id = :userId AND ${living}`,
      userMark: `
        SELECT created_until AS createduntil, kept, expires FROM ${marks}
        WHERE user_id = :userId AND expires > ${now}`,
      revocations: `
        SELECT counter.generation, counter.last, entry.number, entry.text
        FROM ${counter} AS counter LEFT JOIN ${revocations} AS entry
        ON entry.number > :after AND entry.expires > ${now}
        ORDER BY entry.number`,
    },
  }
}
