import { TOKEN_CHARACTERS, encode } from '../token/fixtures.ts'

/** Every text that is one edit away: substitute, insert, delete, swap case, cut, append, prepend. */
export function* mutants(token: string): Generator<string> {
  for (let at = 0; at <= token.length; at++) {
    const [before, after] = [token.slice(0, at), token.slice(at + 1)]
    const original = token.charAt(at)
    for (const character of TOKEN_CHARACTERS) {
      if (at < token.length && character !== original) yield before + character + after
      yield before + character + token.slice(at)
    }
    if (at === token.length) return
    yield before + after
    yield before
    const swapped = /[a-z]/.test(original) ? original.toUpperCase() : original.toLowerCase()
    if (swapped !== original) yield before + swapped + after
  }
}

/** Every text whose bytes differ in one bit, written canonically. */
export function* bitFlips(token: string): Generator<string> {
  const segments = token.split('.')
  for (const [place, segment] of segments.entries()) {
    const bytes = Buffer.from(segment, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      yield segments.with(place, encode(flipped)).join('.')
    }
  }
}
