/** A cookie as a request brings it. */
export interface CookieValue {
  readonly name: string
  readonly value: string
}

/**
 * The values of all cookies of these names, as they stand: split as browsers join, trimmed of space
 * and tab alone, never unquoted or decoded, since a name or value that becomes ours only by decoding
 * was not set by us (CKI-06..14).
 */
export function cookieValues(header: string, names: readonly string[]): CookieValue[] {
  const found: CookieValue[] = []
  let equals = -1
  for (let start = 0; start <= header.length;) {
    const end = header.indexOf(';', start)
    const stop = end === -1 ? header.length : end
    // Looked for once, not once a pair: a header of semicolons alone would be read over and over.
    if (equals < start) equals = indexOr(header, '=', start)
    if (equals < stop) {
      const name = trim(header, start, equals)
      if (names.includes(name)) found.push({ name, value: trim(header, equals + 1, stop) })
    }
    start = stop + 1
  }
  return found
}

function indexOr(text: string, what: string, from: number): number {
  const index = text.indexOf(what, from)
  return index === -1 ? text.length : index
}

function trim(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
