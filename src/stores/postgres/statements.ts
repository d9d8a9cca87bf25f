import { TOMBSTONE_MS } from '../../session/record.ts'
import {
  commonSql,
  statement,
  type Statement,
  SWEPT_AT_ONCE,
  type Tables,
  type Verb,
} from '../sql/statements.ts'

/**
 * Of the server's clock, and the same throughout a statement. The parameter is the clock of tests;
 * an expression that is not volatile lets the index of `expires` be used.
 */
const NOW = `coalesce(:now::bigint, floor(extract(epoch from now()) * 1000)::bigint)`

/** Texts in the order of their bytes: compared exactly, and fast to find. */
const TEXT = 'text COLLATE "C"'

/** @param index what the names of indexes begin with, which have no schema */
export function postgresSchema(tables: Tables, index: string): string {
  const { sessions, marks, revocations, counter } = tables
  const indexOf = (name: string, on: string): string =>
    `CREATE INDEX IF NOT EXISTS "${index}_${name}" ON ${on}`
  return `
CREATE TABLE IF NOT EXISTS ${sessions} (
  id ${TEXT} PRIMARY KEY,
  version ${TEXT} NOT NULL,
  user_id ${TEXT},
  claims text NOT NULL,
  data text NOT NULL,
  created bigint NOT NULL,
  expires bigint NOT NULL,
  ended bigint
);
${indexOf('expires', `${sessions} (expires)`)};
${indexOf('user_id', `${sessions} (user_id) WHERE user_id IS NOT NULL`)};
CREATE TABLE IF NOT EXISTS ${marks} (
  user_id ${TEXT} PRIMARY KEY,
  created_until bigint NOT NULL,
  kept text NOT NULL,
  expires bigint NOT NULL
);
${indexOf('marks_expires', `${marks} (expires)`)};
CREATE TABLE IF NOT EXISTS ${revocations} (
  number bigint PRIMARY KEY,
  text text NOT NULL,
  expires bigint NOT NULL
);
${indexOf('revocations_expires', `${revocations} (expires)`)};
CREATE TABLE IF NOT EXISTS ${counter} (
  only_row boolean PRIMARY KEY CHECK (only_row),
  generation text NOT NULL,
  last bigint NOT NULL
);
INSERT INTO ${counter} VALUES (true, gen_random_uuid()::text, 0) ON CONFLICT DO NOTHING;
`.trim()
}

/** One statement, which all clients take, and which processes carry out one after the other. */
export function setUpStatement(schema: string): Statement {
  // Without the lock two CREATE TABLE IF NOT EXISTS at once may both find that there is none.
  const text = `
DO $set_up$ BEGIN
PERFORM pg_advisory_xact_lock(hashtext('symbolon set up'));
${schema}
END $set_up$`
  return { name: '', text, values: [] }
}

/**
 * Each verb is one statement, hence atomic, and one round trip. Those that may find a conflict lock
 * the living row first: a writer that waited for another one sees what that one has left.
 *
 * @param channel what writes are told on; undefined if they are not
 */
export function postgresStatements(
  tables: Tables,
  channel: string | undefined,
): Readonly<Record<Verb, Statement>> {
  const { sessions, marks, revocations, counter } = tables
  const { living, covered, endedAtOnce, statements } = commonSql(tables, NOW)
  const telling = (message: string): string =>
    channel === undefined
      ? ''
      : `, (SELECT pg_notify('${channel}', ${message}) FROM changed) AS told`

  const changing = (set: string, seen: string): string => `
    WITH stored AS (
      SELECT id, version FROM ${sessions} AS session
      WHERE id = :id AND ${living} FOR NO KEY UPDATE
    ), changed AS (
      UPDATE ${sessions} AS session SET ${set} FROM stored
      WHERE session.id = stored.id AND stored.version = ${seen} RETURNING 1
    )
    SELECT CASE
      WHEN EXISTS (SELECT 1 FROM changed) THEN 'ok'
      WHEN EXISTS (SELECT 1 FROM stored) THEN 'conflict'
      ELSE 'gone'
    END AS answer ${telling(`'session ' || :id`)}`
  const sweeping = (table: string): string => `
    WITH removed AS (
      DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${table} WHERE expires <= ${NOW} ORDER BY expires
        LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED)) RETURNING 1
    )
    SELECT count(*) AS removed FROM removed`
  const tombstone = `
    version = '', user_id = NULL, claims = '', data = '',
    ended = ${NOW}, expires = ${NOW} + ${TOMBSTONE_MS}`

  const sql: Readonly<Record<Verb, string>> = {
    ...statements,
    create: `
      INSERT INTO ${sessions} AS session
      (id, version, user_id, claims, data, created, ended, expires)
      SELECT :id, :version, :userId, :claims, :data, :created, ended,
        CASE WHEN ended IS NULL THEN :expires ELSE ended + ${TOMBSTONE_MS} END
      FROM (SELECT ${endedAtOnce} AS ended) AS covered
      ON CONFLICT (id) DO UPDATE SET
        version = excluded.version, user_id = excluded.user_id, claims = excluded.claims,
        data = excluded.data, created = excluded.created, expires = excluded.expires,
        ended = excluded.ended
      WHERE session.expires <= ${NOW} RETURNING 1 AS created`,
    update: changing(
      `version = :version, user_id = :userId, claims = :claims, data = :data,
        created = :created, expires = :expires`,
      ':seen',
    ),
    touch: `
      UPDATE ${sessions} AS session SET expires = greatest(expires, :expires)
      WHERE id = :id AND ${living} RETURNING 1 AS touched`,
    end: changing(tombstone, 'coalesce(:seen, stored.version)'),
    mark: `
      WITH changed AS (
        INSERT INTO ${marks} AS mark (user_id, created_until, kept, expires)
        VALUES (:userId, :createdUntil, :kept, :expires)
        ON CONFLICT (user_id) DO UPDATE SET
          created_until = greatest(mark.created_until, excluded.created_until),
          kept = CASE WHEN excluded.created_until >= mark.created_until
            THEN excluded.kept ELSE mark.kept END,
          expires = greatest(mark.expires, excluded.expires)
        RETURNING 1
      )
      SELECT 1 AS marked ${telling(`'user ' || :userId`)}`,
    endCovered: `
      UPDATE ${sessions} AS session SET ${tombstone}
      WHERE user_id = :userId AND ${covered}`,
    // The row of the counter stays locked until its number can be read: a sequence would show a
    // higher number before a lower one whose transaction takes longer.
    addRevocation: `
      WITH counted AS (UPDATE ${counter} SET last = last + 1 RETURNING last),
      changed AS (
        INSERT INTO ${revocations} (number, text, expires)
        SELECT last, :text, :expires FROM counted RETURNING 1
      )
      SELECT 1 AS added ${telling(`'revocation'`)}`,
    sweepSessions: sweeping(sessions),
    sweepMarks: sweeping(marks),
    sweepRevocations: sweeping(revocations),
  }
  const numbered = Object.entries(sql).map(([verb, text]) => [verb, statement(text, true)])
  return Object.fromEntries(numbered)
}
