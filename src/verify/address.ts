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
