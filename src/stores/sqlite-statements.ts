import { TOMBSTONE_MS } from '../session/record.ts'

/** Kept in `user_version`, for a later release that changes the table. */
export const FORMAT = 1

/**
 * Not WITHOUT ROWID: it is no faster with small data, and three times slower with 1.5 KB of them.
 * STRICT lets SQLite itself refuse a value of another type.
 */
export const CREATE_TABLE: string = `
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
  PRAGMA user_version = ${FORMAT}`

export type Verb = 'read' | 'create' | 'update' | 'touch' | 'end' | 'sweep'

/**
 * Each verb is one statement, hence atomic among all processes on the file. A tombstone is a row
 * whose `ended` is set, emptied of everything else. `read`, asked for by every request, takes
 * parameters by position, which costs half of what names do.
 */
export const STATEMENTS: Readonly<Record<Verb, string>> = {
  read: `
    SELECT version, user_id, claims, data, created, expires, ended FROM symbolon_sessions
    WHERE id = ? AND expires > ?`,
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
    UPDATE symbolon_sessions
    SET version = '', user_id = NULL, claims = '', data = '',
        ended = :now, expires = :now + ${TOMBSTONE_MS}
    WHERE id = :id AND version = ifnull(:seen, version) AND ended IS NULL AND expires > :now`,
  sweep: `
    DELETE FROM symbolon_sessions
    WHERE rowid IN (SELECT rowid FROM symbolon_sessions WHERE expires <= :now LIMIT :most)`,
}
