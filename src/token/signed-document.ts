import type { KeyRing } from './key-ring.ts'

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
  const text = `${header}.${encode(payload)}`
  const signature = current.sign(text)
  if (typeof signature === 'string') return `${text}.${signature}`
  return signature.then((later) => `${text}.${later}`)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
