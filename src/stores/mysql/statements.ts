import { TOMBSTONE_MS } from '../../session/record.ts'
import {
  commonSql,
  statement,
  type Statement,
  SWEPT_AT_ONCE,
  type Tables,
  type Verb,
} from '../sql/statements.ts'

/** Of the server's clock in UTC, the same throughout a statement; the parameter is that of tests. */
const NOW = "coalesce(:now, timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(3)) DIV 1000)"

/** Bytes, so that no character set, collation or trailing space comes between (STO-05, STO-06). */
const ID = 'VARBINARY(43)'
const USER_ID = 'VARBINARY(1024)'

export function mysqlSchema({ sessions, marks, revocations, counter }: Tables): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${sessions} (
  id ${ID} NOT NULL PRIMARY KEY,
  version VARBINARY(255) NOT NULL,
  user_id ${USER_ID},
  claims LONGBLOB NOT NULL,
  data LONGBLOB NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  ended BIGINT,
  INDEX (expires),
  INDEX (user_id)
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${marks} (
  user_id ${USER_ID} NOT NULL PRIMARY KEY,
  created_until BIGINT NOT NULL,
  kept LONGBLOB NOT NULL,
  expires BIGINT NOT NULL,
  INDEX (expires)
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${revocations} (
  number BIGINT NOT NULL PRIMARY KEY,
  text LONGBLOB NOT NULL,
  expires BIGINT NOT NULL,
  INDEX (expires)
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${counter} (
  only_row TINYINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
  generation VARBINARY(36) NOT NULL,
  last BIGINT NOT NULL
) ENGINE = InnoDB`,
    `INSERT IGNORE INTO ${counter} VALUES (1, uuid(), 0)`,
  ]
}

/** What takes more than one statement here: how a create goes on, why a write found no row, a count. */
export type Step = 'renew' | 'look' | 'count'

/** Each verb is one statement, hence atomic, but for those that the steps belong to. */
export function mysqlStatements(tables: Tables): Readonly<Record<Verb | Step, Statement>> {
  const { sessions, marks, revocations, counter } = tables
  const { living, covered, endedAtOnce, statements } = commonSql(tables, NOW)
  const changing = (set: string, seen: string): string => `
    UPDATE ${sessions} AS session SET ${set} WHERE id = :id AND version = ${seen} AND ${living}`
  const sweeping = (table: string): string => `
    DELETE FROM ${table} WHERE expires <= ${NOW} ORDER BY expires LIMIT ${SWEPT_AT_ONCE}`
  const tombstone = `
    version = '', user_id = NULL, claims = '', data = '',
    ended = ${NOW}, expires = ${NOW} + ${TOMBSTONE_MS}`
  const ended = endedAtOnce
  const expires = `coalesce(${endedAtOnce} + ${TOMBSTONE_MS}, :expires)`

  const sql: Readonly<Record<Verb | Step, string>> = {
    ...statements,
    create: `
      INSERT INTO ${sessions}
      (id, version, user_id, claims, data, created, ended, expires)
      VALUES (:id, :version, :userId, :claims, :data, :created, ${ended}, ${expires})`,
    renew: `
      UPDATE ${sessions} SET
        version = :version, user_id = :userId, claims = :claims, data = :data,
        created = :created, ended = ${ended}, expires = ${expires}
      WHERE id = :id AND expires <= ${NOW}`,
    update: changing(
      `version = :version, user_id = :userId, claims = :claims, data = :data,
        created = :created, expires = :expires`,
      ':seen',
    ),
    touch: changing('expires = greatest(expires, :expires)', 'version'),
    end: changing(tombstone, 'coalesce(:seen, version)'),
    look: `SELECT 1 AS living FROM ${sessions} AS session WHERE id = :id AND ${living}`,
    mark: `
      INSERT INTO ${marks} (user_id, created_until, kept, expires)
      VALUES (:userId, :createdUntil, :kept, :expires)
      ON DUPLICATE KEY UPDATE
        kept = IF(values(created_until) >= created_until, values(kept), kept),
        created_until = greatest(created_until, values(created_until)), expires = greatest(expires, values(expires))`,
    endCovered: `
      UPDATE ${sessions} AS session SET ${tombstone} WHERE user_id = :userId AND ${covered}`,
    // The row of the counter stays locked until its number can be read: an AUTO_INCREMENT would show
    // a higher number before a lower one whose transaction takes longer.
    count: `UPDATE ${counter} SET last = last + 1`,
    addRevocation: `
      INSERT INTO ${revocations} (number, text, expires)
      SELECT last, :text, :expires FROM ${counter}`,
    sweepSessions: sweeping(sessions),
    sweepMarks: sweeping(marks),
    sweepRevocations: sweeping(revocations),
  }
  const placed = Object.entries(sql).map(([name, text]) => [name, statement(text, false)])
  return Object.fromEntries(placed)
}
