/** Bytes as Web Crypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>

const utf8 = new TextEncoder()

export function toBytes(text: string): Bytes {
  return utf8.encode(text)
}

/** @param text canonical base64url, as `splitCompact` leaves it */
export function fromBase64url(text: string): Bytes {
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'))
}

/** @throws DOMException for text that is no base64 */
export function fromBase64(text: string): Bytes {
  const characters = atob(text)
  // Uint8Array.from would walk the text by its iterator, half a second for 10,000 logouts.
  return new Uint8Array(characters.length).map((_, at) => characters.charCodeAt(at))
}

function toBase64url(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function sha256(text: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', toBytes(text)))
}

/** As Web Crypto is told of it. */
export const HMAC: { name: string; hash: string } = { name: 'HMAC', hash: 'SHA-256' }

export async function hmac(key: Bytes, text: string): Promise<Bytes> {
  const hmacKey = await crypto.subtle.importKey('raw', key, HMAC, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', hmacKey, toBytes(text)))
}

/** 132 bits of a hash: enough that no two meet, and short in logs and lists. */
export function shortHash(bytes: Bytes): string {
  return toBase64url(bytes).slice(0, 22)
}

/** A session's name in the feed, as the app makes it: see `session-names.ts`. */
export async function sessionHash(id: string): Promise<string> {
  const handle = toBase64url(await sha256(`symbolon stored id v1 ${id}`))
  return shortHash(await sha256(`symbolon id v1 ${handle}`))
}
