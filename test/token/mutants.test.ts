import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Algorithm } from '../../src/token/key.ts'
import { bitFlips, mutants } from '../support/mutants.ts'
import { ALGORITHMS, ID, contents, tokensOf } from './fixtures.ts'

/** The shortest payload, for every character of it costs some hundred verifications. */
function shortToken(alg: Algorithm): string {
  return tokensOf(alg).issue(contents({ id: ID.slice(0, 16), userId: undefined, claims: '{}' }))
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
