import type { KeyRing } from './key-ring.ts'
import type { Key } from './key.ts'

/**
 * Signs what is no session token, by the ring's current key: kinds are told apart by `typ`, and by
 * `sk`, which only sessions have.
 */
export function signDocument(
  ring: KeyRing,
  typ: string,
  payload: Readonly<Record<string, unknown>>,
): string | Promise<string> {
  const { current } = ring.trusted
  const header = encode({ alg: current.alg, kid: current.kid, typ })
  return signText(current, `${header}.${encode(payload)}`)
}

/** The text of header and payload with its signature; later where the key is kept in a KMS. */
export function signText(key: Key, text: string): string | Promise<string> {
  const signed = key.sign(text)
  if (typeof signed === 'string') return `${text}.${signed}`
  return signed.then((later) => `${text}.${later}`)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
