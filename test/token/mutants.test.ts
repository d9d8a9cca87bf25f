import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Algorithm } from '../../src/token/key.ts'
import { ALGORITHMS, ID, TOKEN_CHARACTERS, contents, encode, tokensOf } from './fixtures.ts'

/** The shortest payload, for every character of it costs some hundred verifications. */
function shortToken(alg: Algorithm): string {
  return tokensOf(alg).issue(contents({ id: ID.slice(0, 16), userId: undefined, claims: '{}' }))
}

/** Every text that is one edit away: substitute, insert, delete, swap case, cut, append, prepend. */
function* mutants(token: string): Generator<string> {
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
function* bitFlips(token: string): Generator<string> {
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

describe('mutants of a genuine token', () => {
  for (const alg of ALGORITHMS) {
    test(`JWS-09 ${alg} no text one edit away is accepted`, () => {
      const token = shortToken(alg)
      const tokens = tokensOf(alg)
      let count = 0
      for (const mutant of mutants(token)) {
        if (mutant === token) continue
        const read = tokens.read(mutant)
        if (typeof read !== 'string') assert.fail(`accepted: ${JSON.stringify(mutant)}`)
        count++
      }
      assert.ok(count >= token.length * 150, String(count))
      assert.equal(typeof tokens.read(token), 'object')
    })

    test(`JWS-10 ${alg} no bit can be flipped`, () => {
      const token = shortToken(alg)
      const tokens = tokensOf(alg)
      for (const mutant of bitFlips(token)) assert.equal(typeof tokens.read(mutant), 'string')
    })
  }
})
