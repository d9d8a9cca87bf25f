import type { RevocationLog } from '../session/record.ts'
import type { SqliteFile } from './sqlite-file.ts'

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
      file.read(({ generation, revocations }, now) => ({
        ...generationOf(generation.get()),
        entries: revocations
          .all(after, now)
          .map(({ number, text }) => ({ number: Number(number), text: String(text) })),
      })),
  }
}

function generationOf(row: Readonly<Record<string, unknown>> = {}): {
  generation: string
  last: number
} {
  return { generation: String(row['generation']), last: Number(row['last']) }
}
