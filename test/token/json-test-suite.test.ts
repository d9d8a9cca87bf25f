import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseStrictObject } from '../../src/token/compact.ts'
import { listVectors, needsVectors, readVectorBytes } from '../support/vectors.ts'
import { ALGORITHMS, KEYS, SESSION, forge, tokensOf } from './fixtures.ts'

const FOLDER = 'json-test-suite/test_parsing'
const CODES = new Set(['length', 'format', 'json', 'claims'])

/** Valid JSON that not every reader understands alike: the same name twice. */
const AMBIGUOUS = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json']

describe('JSONTestSuite, signed with the right key', needsVectors(), () => {
  const files = (kind: string): [name: string, content: Buffer][] =>
    listVectors(FOLDER)
      .filter((name) => name.startsWith(kind))
      .map((name) => [name, readVectorBytes(`${FOLDER}/${name}`)])

  test('VEC-10 as payload: 318 files, none of them a session, none of them an untyped error', () => {
    for (const alg of ALGORITHMS) {
      const tokens = tokensOf(alg)
      for (const [name, content] of files('')) {
        const read = tokens.read(forge(KEYS[alg], content))
        assert.ok(typeof read === 'string' && CODES.has(read), name)
      }
    }
    assert.equal(files('').length, 318)
  })

  test('VEC-10 188 texts that are no JSON are refused before their claims are looked at', () => {
    const tokens = tokensOf('HS256')
    const refused = files('n_')
    for (const [name, content] of refused) {
      assert.notEqual(tokens.read(forge(KEYS.HS256, content)), 'claims', name)
      assert.equal(parseStrictObject(content.toString()), undefined, name)
    }
    assert.equal(refused.length, 188)
  })

  test('VEC-10 95 valid texts are read inside a session as they are, but for names written twice', () => {
    const tokens = tokensOf('HS256')
    const valid = files('y_')
    for (const [name, content] of valid) {
      const payload = Buffer.concat([
        Buffer.from(`${JSON.stringify(SESSION).slice(0, -1)},"value":`),
        content,
        Buffer.from('}'),
      ])
      const read = tokens.read(forge(KEYS.HS256, payload))
      if (AMBIGUOUS.includes(name)) assert.equal(read, 'json')
      else {
        assert.ok(typeof read === 'object', `${name}: ${JSON.stringify(read)}`)
        assert.deepEqual(read.claims, { value: JSON.parse(content.toString()) as unknown })
      }
    }
    assert.equal(valid.length, 95)
  })

  test('VEC-11 as header: every one is refused', () => {
    for (const alg of ALGORITHMS) {
      const tokens = tokensOf(alg)
      for (const [name, content] of files('')) {
        const read = tokens.read(forge(KEYS[alg], JSON.stringify(SESSION), content))
        assert.ok(['alg', 'header', 'length', 'format'].includes(read as string), name)
      }
    }
  })
})
