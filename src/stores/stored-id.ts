import { hash } from 'node:crypto'

/** The id as it lies in a store: whoever reads a backup cannot make a cookie of it (STO-15). */
export function storedId(id: string): Buffer {
  return hash('sha256', `symbolon stored id v1 ${id}`, 'buffer')
}

/** A stored id as text, for lists of a user's sessions. */
export function handleOf(id: string): string {
  return storedId(id).toString('base64url')
}
