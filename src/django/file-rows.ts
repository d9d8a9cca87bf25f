import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Form, Rows } from './rows.ts'
import { MOST_BYTES } from './session-data.ts'

/**
 * The files of the engine `file`, each named by the cookie and the key. How long a session lives is
 * counted from when its file was written.
 *
 * Files cannot be compared and swapped: between processes a change, or a logout, may be lost to a
 * write of the same moment.
 */
export function fileRows(folder: string, cookieName: string, form: Form): Rows {
  const pathOf = (key: string): string => join(folder, cookieName + key)

  const read = (key: string): ReturnType<Rows['read']> => {
    try {
      const { size, mtimeMs } = statSync(pathOf(key))
      // What is larger can be no session; the empty text cannot be read either.
      const text = size > 2 * MOST_BYTES ? '' : readFileSync(pathOf(key), 'latin1')
      return { text, written: mtimeMs }
    } catch (error) {
      return unlessMissing(error)
    }
  }
  const textOf = (key: string): string | undefined => {
    const row = read(key) as { readonly text: string } | undefined
    return row?.text
  }
  /** Whoever reads meanwhile finds the old file or the new one, as with Django's own writing. */
  const write = (key: string, text: string): void => {
    const path = pathOf(key)
    const draft = `${path}_out_${randomBytes(6).toString('hex')}`
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
    renameSync(draft, path)
  }

  return {
    form,
    guarantees: {
      noRevival: false,
      noLostUpdate: false,
      durableLogout: false,
      hearsChanges: false,
    },
    read,
    insert(key, text) {
      try {
        writeFileSync(pathOf(key), '', { mode: 0o600, flag: 'wx' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
        throw error
      }
      write(key, text)
      return true
    },
    replace(key, seen, text) {
      if (textOf(key) !== seen) return false
      write(key, text)
      return true
    },
    extend(key) {
      utimesSync(pathOf(key), new Date(), new Date())
    },
    remove(key, seen) {
      const text = textOf(key)
      if (text === undefined || (seen !== undefined && text !== seen)) return false
      rmSync(pathOf(key), { force: true })
      return true
    },
  }
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
