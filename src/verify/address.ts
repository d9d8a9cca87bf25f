import { SessionError } from '../errors.ts'
import { refused } from './refused.ts'

/**
 * Keys and lists are fetched by TLS alone, since whoever can change them on their way is whoever
 * they want to be; on this machine, or where it is said in so many words, by http too (RJK-11).
 *
 * @param name what it is the address of, for the message
 * @throws SessionError `invalid_option`
 */
export function checkAddress(address: string | URL, name: string, allowHttp: boolean): URL {
  const url = URL.canParse(String(address)) ? new URL(address) : undefined
  if (url?.protocol === 'https:') return url
  if (url?.protocol === 'http:' && (allowHttp || isLoopback(url.hostname))) return url
  throw refused('invalid_option', `${name} must be an https address, unless you set allowHttp`)
}

/** RFC 6761 §6.3 for names. */
function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d+){3}|\[::1\]|(?:.+\.)?localhost)$/.test(host)
}

/** @throws SessionError `invalid_option` for what is no page's origin */
export function originOf(address: string): string {
  const origin = URL.canParse(address) ? new URL(address).origin : 'null'
  // Sandboxed frames and files of anybody send `Origin: null`; so would what has no origin.
  if (origin !== 'null') return origin
  throw new SessionError('invalid_option', "origins must be like 'https://spa.example'")
}
