// A process of the release whose files have format 1: works on its file without end, and tells of
// each session that it created. Run with `--make` it only makes such a file.
import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sqliteOfNode } from '../../src/stores/sqlite/connection.ts'

const HOUR = 3_600_000

const TABLE = `
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
  PRAGMA user_version = 1`

const Database = sqliteOfNode()
const database = new Database(process.argv[2]!)
database.exec(`
  PRAGMA busy_timeout = 10000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  ${TABLE}`)
if (process.argv.includes('--make')) process.exit()

const create = database.prepare(`
  INSERT INTO symbolon_sessions (id, version, user_id, claims, data, created, expires)
  VALUES (:id, :version, :userId, :claims, :data, :created, :expires)
  ON CONFLICT (id) DO UPDATE
  SET version = :version, user_id = :userId, claims = :claims, data = :data,
      created = :created, expires = :expires, ended = NULL
  WHERE expires <= :now`)
const read = database.prepare(`
  SELECT version, user_id, claims, data, created, expires, ended FROM symbolon_sessions
  WHERE id = ? AND expires > ?`)
const update = database.prepare(`
  UPDATE symbolon_sessions
  SET version = :version, user_id = :userId, claims = :claims, data = :data,
      created = :created, expires = :expires
  WHERE id = :id AND version = :seen AND ended IS NULL AND expires > :now`)

process.on('message', (id: string) => {
  const row = read.get(Buffer.from(id, 'base64url'), Date.now())
  process.send?.({ asked: id, ended: row === undefined || row['ended'] !== null })
})

for (;;) {
  const id = Buffer.from(randomUUID())
  const now = Date.now()
  const record = { userId: 'ada', claims: '{}', data: '{}', created: now, expires: now + HOUR }
  create.run({ ...record, id, version: 'first', now })
  const { changes } = update.run({ ...record, id, version: 'second', seen: 'first', now })
  // Gone already, if all of the user's sessions ended in between.
  process.send?.({ created: id.toString('base64url'), changes })
  await nextTurn()
}
