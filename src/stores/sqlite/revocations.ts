import type { RevocationLog } from '../../session/record.ts'
import type { SqliteFile } from './file.ts'
import { pageOf } from './rows.ts'

/**
 * SQLite lets one writer in at a time, so that entries become readable in the order of their numbers.
 *
 * @param added is told of each entry to be added
 */
export function sqliteRevocations(file: SqliteFile, added: () => void): RevocationLog {
  return {
    add(text, expires) {
      added()
      return file.write(({ revoke }) => {
        revoke.run(text, expires)
        file.tell({ kind: 'revocation' })
      })
    },

    since: (after) =>
      file.read(({ generation, revocations }, now) =>
        pageOf(generation.get(), revocations.all(after, now)),
      ),
  }
}
