import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { VerifiedTokens } from '../../src/token/verified-tokens.ts'
import {
  ALGORITHMS,
  ID,
  SECRET,
  SPECS,
  contents,
  randomSecret,
  tokensOf,
  localTokens,
} from './fixtures.ts'

const name = (index: number): string => `token-number-${String(index).padStart(20, '0')}`

describe('VerifiedTokens', () => {
  test('CCH-07 holds no more than its capacity', () => {
    for (const capacity of [0, 1, 2, 3, 10, 1000]) {
      const tokens = new VerifiedTokens<number>(capacity)
      for (let index = 0; index < 5000; index++) {
        tokens.set(name(index), index)
        if (index % 3 === 0) tokens.get(name(index - 2))
        assert.ok(tokens.size <= capacity)
      }
    }
  })

  test('CCH-07 a token in use stays, however many others pass by', () => {
    const tokens = new VerifiedTokens<number>(100)
    tokens.set(name(-1), -1)
    for (let index = 0; index < 10_000; index++) {
      tokens.set(name(index), index)
      if (index % 40 === 0) assert.equal(tokens.get(name(-1)), -1)
    }
    assert.equal(tokens.get(name(9_950)), 9_950)
    assert.equal(tokens.get(name(9_000)), undefined)
  })

  test('CCH-11 the whole token counts, not the end by which it is found', () => {
    const tokens = new VerifiedTokens<string>(10)
    const tail = 'the-same-end-of-two-tokens'
    tokens.set(`a${tail}`, 'a')
    assert.equal(tokens.get(`b${tail}`), undefined)
    assert.equal(tokens.get(tail), undefined)
    assert.equal(tokens.get(tail.slice(-16)), undefined)
    tokens.set(`b${tail}`, 'b')
    assert.deepEqual([tokens.get(`a${tail}`), tokens.get(`b${tail}`)], [undefined, 'b'])
  })
})

describe('remembering reads', () => {
  const remembering = localTokens({ ring: createKeyRing(SECRET), sessionField: 'sk' })

  test('CCH-06 the same token gives the same object, which cannot be changed', () => {
    const token = remembering.issue(contents({ claims: '{"a":{"b":1}}' }))
    const first = remembering.read(token)
    assert.equal(remembering.read(token), first)
    assert.ok(typeof first === 'object')
    assert.throws(() => Object.assign(first.claims['a'] as object, { b: 2 }), TypeError)
  })

  test('CCH-01 two tokens of equal times and user do not share an entry', () => {
    const ids = ['a', 'b'].map((letter) => letter.repeat(32))
    const tokens = ids.map((id) => remembering.issue(contents({ id })))
    for (let times = 0; times < 2; times++) {
      const read = tokens.map((token) => remembering.read(token))
      assert.deepEqual(
        read.map((token) => typeof token === 'object' && token.id),
        ids,
      )
    }
  })

  test('CCH-08 what was refused is not remembered, and harms nothing that is', () => {
    const tokens = localTokens({ ring: createKeyRing(SECRET), sessionField: 'sk', cacheSize: 10 })
    const token = tokens.issue(contents())
    const first = tokens.read(token)
    const foreign = localTokens({ ring: createKeyRing(randomSecret()), sessionField: 'sk' })
    for (let index = 0; index < 1000; index++) {
      assert.equal(tokens.read(foreign.issue(contents({ userId: String(index) }))), 'kid')
      assert.equal(typeof tokens.read(`${token}${index}`), 'string')
    }
    assert.equal(tokens.read(token), first)
  })

  test('CCH-09 JWS-09 a remembered token opens nothing to its mutants', () => {
    for (const alg of ALGORITHMS) {
      const tokens = localTokens({ ring: createKeyRing(SPECS[alg]), sessionField: 'sk' })
      const token = tokens.issue(contents())
      assert.equal(typeof tokens.read(token), 'object')
      const [header = '', payload = ''] = token.split('.')
      const end = token.slice(-16)
      for (const mutant of [
        end,
        `.${end}`,
        `a.a.${end}`,
        `${header}.${payload}.${end}`,
        `a${token}`,
        `${token}a`,
      ]) {
        assert.equal(typeof tokens.read(mutant), 'string')
      }
      const later = tokens.issue(contents({ userId: '8' })).split('.')[1] ?? ''
      assert.equal(tokens.read(token.replace(payload, later)), 'signature')
    }
  })

  test('CCH-02 CCH-04 what is remembered belongs to one ring', () => {
    const secret = randomSecret()
    const before = localTokens({ ring: createKeyRing([secret, SECRET]), sessionField: 'sk' })
    const token = tokensOf('HS256').issue(contents())
    assert.equal(typeof before.read(token), 'object')
    const after = localTokens({ ring: createKeyRing([secret]), sessionField: 'sk' })
    assert.equal(after.read(token), 'kid')
  })

  test('R8 what is remembered keeps no request’s headers in memory', () => {
    const tokens = localTokens({ ring: createKeyRing(SECRET), sessionField: 'sk' })
    const rest = 'x'.repeat(256 * 1024)
    const before = retainedBytes()
    for (let index = 0; index < 200; index++) {
      const header = Buffer.from(
        `a=${rest}; s=${tokens.issue(contents({ userId: String(index) }))}`,
      ).toString('latin1')
      const read = tokens.read(header.slice(header.indexOf('s=') + 2))
      assert.ok(typeof read === 'object' && read.id === ID)
    }
    assert.ok(retainedBytes() - before < 10 * 1024 * 1024, 'the headers would be 50 MiB')
  })
})

/** What is still in use after the strings nobody holds are collected. */
function retainedBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
