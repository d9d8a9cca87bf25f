import { TOMBSTONE_MS } from '../../session/record.ts'

/** Kept in `user_version`, for a later release that changes the tables. */
export const FORMAT = 2

/**
 * Sessions are not WITHOUT ROWID: it is no faster with small data, and three times slower with
 * 1.5 KB of them. STRICT lets SQLite itself refuse a value of another type. AUTOINCREMENT gives no
 * number twice. Of a file in format 1 this makes what is missing; processes of the earlier release
 * that have it open go on.
 */
export const CREATE_TABLES: string = `
  CREATE TABLE IF NOT EXISTS symbolon_sessions (
    id BLOB NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    user_id TEXT,
    claims TEXT NOT NULL,
    data TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS symbolon_sessions_expires ON symbolon_sessions (expires);
  CREATE INDEX IF NOT EXISTS symbolon_sessions_user ON symbolon_sessions (user_id, created)
    WHERE user_id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS symbolon_marks (
    user_id TEXT NOT NULL PRIMARY KEY,
    before INTEGER NOT NULL,
    except_ids TEXT NOT NULL,
    expires INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS symbolon_marks_expires ON symbolon_marks (expires);
  CREATE TABLE IF NOT EXISTS symbolon_revocations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,
    expires INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS symbolon_revocations_expires ON symbolon_revocations (expires);
  CREATE TABLE IF NOT EXISTS symbolon_generation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    generation TEXT NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO symbolon_generation VALUES (1, lower(hex(randomblob(16))));`

const TOMBSTONE = `
  version = '', user_id = NULL, claims = '', data = '',
  ended = :now, expires = :now + ${TOMBSTONE_MS}`

const COLUMNS = 'version, user_id, claims, data, created, expires, ended'

export type Verb =
  | ('read' | 'create' | 'update' | 'touch' | 'end')
  | ('ofUser' | 'mark' | 'userMark' | 'endCovered')
  | ('revoke' | 'revocations' | 'generation')
  | ('sweepSessions' | 'sweepMarks' | 'sweepRevocations')
  | ('begin' | 'commit' | 'rollback' | 'dataVersion')

/**
 * Each verb is one statement, hence atomic among all processes on the file; but that `create` and
 * `mark` of a user are followed by `endCovered` in one transaction, so that no living record is ever
 * covered by a mark and no verb has to look for one. A tombstone is a row whose `ended` is set,
 * emptied of everything else. `read`, asked for by every request, takes parameters by position,
 * which costs half of what names do.
 */
export const STATEMENTS: Readonly<Record<Verb, string>> = {
  read: `SELECT ${COLUMNS} FROM symbolon_sessions WHERE id = ? AND expires > ?`,
  create: `
    INSERT INTO symbolon_sessions (id, version, user_id, claims, data, created, expires)
    VALUES (:id, :version, :userId, :claims, :data, :created, :expires)
    ON CONFLICT (id) DO UPDATE
    SET version = :version, user_id = :userId, claims = :claims, data = :data,
        created = :created, expires = :expires, ended = NULL
    WHERE expires <= :now`,
  update: `
    UPDATE symbolon_sessions
    SET version = :version, user_id = :userId, claims = :claims, data = :data,
        created = :created, expires = :expires
    WHERE id = :id AND version = :seen AND ended IS NULL AND expires > :now`,
  touch: `
    UPDATE symbolon_sessions SET expires = max(expires, :expires)
    WHERE id = :id AND ended IS NULL AND expires > :now`,
  end: `
    UPDATE symbolon_sessions SET ${TOMBSTONE}
    WHERE id = :id AND version = ifnull(:seen, version) AND ended IS NULL AND expires > :now`,

  ofUser: `SELECT id, ${COLUMNS} FROM symbolon_sessions WHERE user_id = ? AND expires > ?`,
  mark: `
    INSERT INTO symbolon_marks (user_id, before, except_ids, expires)
    VALUES (:userId, :before, :exceptIds, :expires)
    ON CONFLICT (user_id) DO UPDATE
    SET before = max(before, :before), except_ids = :exceptIds, expires = max(expires, :expires)`,
  userMark:
    'SELECT before, except_ids, expires FROM symbolon_marks WHERE user_id = ? AND expires > ?',
  endCovered: `
    UPDATE symbolon_sessions SET ${TOMBSTONE}
    WHERE id IN (
      SELECT id FROM symbolon_marks AS mark CROSS JOIN symbolon_sessions AS session
      ON session.user_id = mark.user_id AND session.created <= mark.before
      WHERE mark.user_id = :userId AND mark.expires > :now AND session.expires > :now
      AND lower(hex(id)) NOT IN (SELECT value FROM json_each(except_ids)))`,

  revoke: 'INSERT INTO symbolon_revocations (text, expires) VALUES (?, ?)',
  revocations: `
    SELECT number, text FROM symbolon_revocations WHERE number > ? AND expires > ?
    ORDER BY number`,
  generation: `
    SELECT generation, ifnull(seq, 0) AS last FROM symbolon_generation
    LEFT JOIN sqlite_sequence ON name = 'symbolon_revocations' WHERE only = 1`,

  sweepSessions: sweeping('symbolon_sessions'),
  sweepMarks: sweeping('symbolon_marks'),
  sweepRevocations: sweeping('symbolon_revocations'),

  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  /** Another number once another connection has written. */
  dataVersion: 'PRAGMA data_version',
}

function sweeping(table: string): string {
  return `
    DELETE FROM ${table}
    WHERE rowid IN (SELECT rowid FROM ${table} WHERE expires <= :now LIMIT :most)`
}
