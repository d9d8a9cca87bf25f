import { hash } from 'node:crypto'

/** The id as it lies in a store: whoever reads a backup cannot make a cookie of it (STO-15). */
export function storedId(id: string): Buffer {
  return Buffer.from(handleOf(id), 'base64url')
}

/** A stored id as text, for lists of a user's sessions. */
export function handleOf(id: string): string {
  // By way of text, since of bytes Node's hash takes three times as long.
  return hash('sha256', `symbolon stored id v1 ${id}`, 'base64url')
}

/** A session's name in logs and in the feed: the same everywhere, and it opens nothing (R44). */
export function sessionHash(id: string): string {
  return sessionHashOf(handleOf(id))
}

/** The same, of a session that only its handle is known of. */
export function sessionHashOf(handle: string): string {
  return shortened(hash('sha256', `symbolon id v1 ${handle}`, 'base64url'))
}

/** 132 bits of a hash in base64url: enough that no two meet, and short in logs and lists. */
export function shortened(hashed: string): string {
  return hashed.slice(0, 22)
}
