import type { SessionRecord, Store } from '../../session/record.ts'
import type { Statements } from './connection.ts'
import { type SqliteFile, together } from './file.ts'
import { columns, find, findMark, findOfUser, idOf, markColumns, whyNot } from './rows.ts'
import { handleOf, storedId } from '../stored-id.ts'

type Verbs = 'read' | 'create' | 'update' | 'touch' | 'end'
type OfUsers = 'handle' | 'ofUser' | 'updateHandle' | 'endHandle' | 'revokeUser' | 'userMark'

/**
 * The verbs by id, by handle, and by user.
 *
 * @param added is told of each record to be created
 */
export function sqliteSessions(
  file: SqliteFile,
  added: () => void,
): Required<Pick<Store, Verbs | OfUsers>> {
  const tellOf = (id: Buffer): void =>
    file.tell({ kind: 'session', handle: id.toString('base64url') })

  const update = (id: Buffer, record: SessionRecord, seen: string): ReturnType<Store['update']> => {
    const row = { id, ...columns(record), seen }
    return file.write((statements, now) => {
      if (statements.update.run({ ...row, now }).changes !== 1) {
        return whyNot(statements.read, id, now)
      }
      tellOf(id)
      return 'ok'
    })
  }

  const endRow = (statements: Statements, id: Buffer, seen: string | null, now: number) => {
    const { changes } = statements.end.run({ id, seen, now })
    if (changes === 1) tellOf(id)
    return changes === 1
  }

  return {
    read: (id) => file.read(({ read }, now) => find(read, storedId(id), now)),

    create(id, record) {
      added()
      const row = { id: storedId(id), ...columns(record) }
      const { userId } = record
      if (userId === undefined) {
        return file.write(({ create }, now) => create.run({ ...row, now }).changes === 1)
      }
      const createAndEnd = (statements: Statements, now: number): boolean => {
        const created = statements.create.run({ ...row, now }).changes === 1
        if (created) statements.endCovered.run({ userId, now })
        return created
      }
      return file.write((statements, now) =>
        together(statements, () => createAndEnd(statements, now)),
      )
    },

    update: (id, record, seen) => update(storedId(id), record, seen),

    touch(id, expires) {
      const row = { id: storedId(id), expires }
      return file.write(({ touch }, now) => touch.run({ ...row, now }).changes === 1)
    },

    end(id, seen) {
      const stored = storedId(id)
      return file.write((statements, now) => {
        if (endRow(statements, stored, seen ?? null, now)) return 'ok'
        return whyNot(statements.read, stored, now)
      })
    },

    handle: handleOf,

    ofUser: (userId) => file.read(({ ofUser }, now) => findOfUser(ofUser, userId, now)),

    updateHandle(handle, record, seen) {
      const id = idOf(handle)
      return id === undefined ? 'gone' : update(id, record, seen)
    },

    endHandle(handle) {
      const id = idOf(handle)
      if (id === undefined) return false
      return file.write((statements, now) => endRow(statements, id, null, now))
    },

    revokeUser(userId, mark) {
      const row = { userId, ...markColumns(mark) }
      return file.write((statements, now) => {
        together(statements, () => {
          statements.mark.run(row)
          statements.endCovered.run({ userId, now })
        })
        file.tell({ kind: 'user', userId })
      })
    },

    userMark: (userId) => file.read(({ userMark }, now) => findMark(userMark, userId, now)),
  }
}
