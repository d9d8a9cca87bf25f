import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A path for a database in a folder of its own, and what removes that folder. */
export function newFile(): { file: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-store-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  return { file: join(folder, 'sessions.db'), remove }
}

/** A path for a database in a folder of its own, which goes with the test. */
export function temporaryFile(context: Pick<TestContext, 'after'>): string {
  const { file, remove } = newFile()
  context.after(remove)
  return file
}
