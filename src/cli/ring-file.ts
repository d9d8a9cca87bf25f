import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { readFileText } from '../token/key-material.ts'
import { parseRing, type StoredKey } from '../token/ring-text.ts'

export function readRing(file: string): readonly StoredKey[] {
  return parseRing(readFileText(file))
}

/** Writes a ring where there is no file yet. */
export function createRing(file: string, keys: readonly StoredKey[]): void {
  locked(file, () => {
    if (existsSync(file)) {
      throw new Error(`${file} exists, and keys are never overwritten; name another file`)
    }
    return keys
  })
}

/** Reads a ring and replaces it, while no other command does. @returns the new keys */
export function changeRing(
  link: string,
  change: (keys: readonly StoredKey[]) => readonly StoredKey[],
): readonly StoredKey[] {
  // Renaming over a link would leave the file it points to as it was.
  const file = existsSync(link) ? realpathSync(link) : link
  return locked(file, () => change(readRing(file)))
}

/**
 * The new text is written beside the file and renamed over it, so that whoever reads finds the old
 * ring or the new one, also after a crash (CRS-08). The file it is written to is the lock.
 */
function locked(file: string, make: () => readonly StoredKey[]): readonly StoredKey[] {
  const lock = `${file}.lock`
  const descriptor = openLock(lock)
  try {
    const keys = make()
    writeFileSync(descriptor, `${JSON.stringify({ keys }, undefined, 2)}\n`)
    if (existsSync(file)) keepOwner(descriptor, file)
    fsyncSync(descriptor)
    renameSync(lock, file)
    syncFolder(dirname(file))
    return keys
  } catch (error) {
    rmSync(lock, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
}

function openLock(lock: string): number {
  try {
    return openSync(lock, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(
      `${lock} exists: another command is changing the ring, or was killed; if none runs, remove it`,
      { cause: error },
    )
  }
}

/** The app that reads the file may run as another user than whoever rotates its keys. */
function keepOwner(descriptor: number, file: string): void {
  const { uid, gid } = statSync(file)
  if (uid !== process.getuid?.() || gid !== process.getgid?.()) fchownSync(descriptor, uid, gid)
}

/** A rename is on the disk when its folder is; Windows knows no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
