import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type HeadFields,
  applyHeadChanges,
  cacheControlOf,
} from '../../src/adapters/head-changes.ts'
import { NO_CHANGES, cookie } from './fake-visit.ts'

type Lines = Map<string, readonly string[]>

const FIELDS: HeadFields<Lines> = {
  read: (head, name) => head.get(name) ?? [],
  replace: (head, name, lines) => void head.set(name, lines),
}

describe('CKO-21 Vary', () => {
  const cases: [existing: string[], expected: string[]][] = [
    [[], ['Cookie']],
    [['Accept-Encoding'], ['Accept-Encoding, Cookie']],
    [['Accept', 'Origin'], ['Accept, Origin, Cookie']],
    [['cookie'], ['cookie']],
    [['Accept, COOKIE ,Origin'], ['Accept, COOKIE ,Origin']],
    [
      ['Accept', 'Cookie'],
      ['Accept', 'Cookie'],
    ],
    [['*'], ['*']],
    [['Accept, *'], ['Accept, *']],
    [['X-Cookie'], ['X-Cookie, Cookie']],
    [['Cookie-Consent'], ['Cookie-Consent, Cookie']],
  ]
  for (const [existing, expected] of cases) {
    test(`${JSON.stringify(existing)} becomes ${JSON.stringify(expected)}`, () => {
      const head: Lines = new Map([['Vary', existing]])
      applyHeadChanges(head, FIELDS, { ...NO_CHANGES, vary: true })
      assert.deepEqual(head.get('Vary'), expected)
    })
  }
})

describe('CKO-08 CKO-09 Set-Cookie', () => {
  const OURS = 'ours=1; Path=/; HttpOnly; SameSite=Lax'
  const cases: [existing: string[], expected: string[]][] = [
    [[], [OURS]],
    [
      ['a=1', 'b=2; Path=/', 'a=3'],
      ['a=1', 'b=2; Path=/', 'a=3', OURS],
    ],
    [
      ['ours=forged', 'a=1', ' ours = forged; Path=/x', 'ours=; Max-Age=0'],
      ['a=1', OURS],
    ],
    [
      ['OURS=1', 'oursx=1', 'xours=1', 'a=ours=1', 'ours', ''],
      ['OURS=1', 'oursx=1', 'xours=1', 'a=ours=1', 'ours', '', OURS],
    ],
  ]
  for (const [existing, expected] of cases) {
    test(`${JSON.stringify(existing)} becomes ${JSON.stringify(expected)}`, () => {
      const head: Lines = new Map([['Set-Cookie', existing]])
      applyHeadChanges(head, FIELDS, { ...NO_CHANGES, cookies: [cookie('ours', '1')] })
      assert.deepEqual(head.get('Set-Cookie'), expected)
    })
  }

  test('R11 cookies of several forms stand beside each other', () => {
    const head: Lines = new Map()
    const cookies = [cookie('ours', ''), cookie('old', ''), cookie('ours', '1')]
    applyHeadChanges(head, FIELDS, { ...NO_CHANGES, cookies })
    assert.equal(head.get('Set-Cookie')?.length, 3)
  })
})

test('CKO-23 no changes touch nothing', () => {
  const head: Lines = new Map([['Set-Cookie', ['a=1']]])
  applyHeadChanges(head, FIELDS, NO_CHANGES)
  assert.deepEqual([...head], [['Set-Cookie', ['a=1']]])
})

test('CKO-20 Cache-Control is read as one value and replaced', () => {
  const head: Lines = new Map([['Cache-Control', ['public', 'max-age=1']]])
  assert.equal(cacheControlOf(head, FIELDS), 'public, max-age=1')
  assert.equal(cacheControlOf(new Map(), FIELDS), undefined)
  applyHeadChanges(head, FIELDS, { ...NO_CHANGES, cacheControl: 'no-store' })
  assert.deepEqual(head.get('Cache-Control'), ['no-store'])
})
