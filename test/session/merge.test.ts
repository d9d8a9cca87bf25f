import assert from 'node:assert/strict'
import { test } from 'node:test'
import { merge } from '../../src/session/merge.ts'

const cases: [string, object, object, object, object, string[]][] = [
  ['only ours', {}, { a: 1 }, {}, { a: 1 }, []],
  ['only theirs', {}, {}, { b: 2 }, { b: 2 }, []],
  ['different properties', {}, { a: 1 }, { b: 2 }, { a: 1, b: 2 }, []],
  ['one property, ours stands', { a: 0 }, { a: 1 }, { a: 2 }, { a: 1 }, ['a']],
  ['one property, the same change', { a: 0 }, { a: 1 }, { a: 1 }, { a: 1 }, []],
  ['removed by us, kept by them', { a: 0 }, {}, { a: 0 }, {}, []],
  ['removed by them, kept by us', { a: 0 }, { a: 0 }, {}, {}, []],
  ['removed by us, changed by them', { a: 0 }, {}, { a: 2 }, {}, ['a']],
  ['changed by us, removed by them', { a: 0 }, { a: 1 }, {}, { a: 1 }, ['a']],
  [
    'nested is one property',
    { a: { x: 1 } },
    { a: { x: 2 } },
    { a: { x: 1 }, b: 1 },
    { a: { x: 2 }, b: 1 },
    [],
  ],
]

for (const [name, read, ours, theirs, expected, overwritten] of cases) {
  test(`R18 merge: ${name}`, () => {
    const merged = merge(read as never, ours as never, theirs as never)
    assert.deepEqual({ ...merged.data }, expected)
    assert.deepEqual(merged.overwritten, overwritten)
  })
}

test('SES-40 merge: __proto__ is a name like any other', () => {
  const theirs = JSON.parse('{"__proto__":{"admin":true}}') as never
  const { data } = merge({}, { a: 1 }, theirs)
  assert.equal(JSON.stringify(data), '{"__proto__":{"admin":true},"a":1}')
  assert.equal(({} as { admin?: boolean }).admin, undefined)
})
