import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { changeMembers, dictText, readJson, viewOf } from '../../src/django/python-json.ts'
import { MOST_BYTES, readData, signData } from '../../src/django/session-data.ts'
import { base62, saltedHmac } from '../../src/django/signing.ts'
import { SECRET_KEY, SECRETS, parsePython, vectors } from './vectors.ts'

/** Signs any payload, as Django would sign what it wrote itself. */
function signed(payload: string): string {
  const text = `${payload}:1r31eq`
  const salt = 'django.contrib.sessions.SessionStoresigner'
  return `${text}:${saltedHmac(salt, text, SECRET_KEY).toString('base64url')}`
}

describe('DJG-01 session_data of the vectors', () => {
  for (const { name, json, session_data: text, decoded_json: decoded } of vectors.session_data
    .encode) {
    test(`${name}: read, and written so that the text inside is Python's`, () => {
      const read = readData(text, SECRETS)
      assert.equal(read, json)
      const members = readJson(read!)!
      assert.deepEqual(JSON.parse(viewOf(members)), parsePython(decoded))
      assert.equal(dictText(members), json)
      assert.equal(readData(signData(json, SECRET_KEY, 1_700_000_000_000), SECRETS), json)
    })
  }

  for (const each of vectors.session_data.decode) {
    const versions = Object.values<any>(each.by_version ?? {})
    const asOld = versions.map((version) => version.decoded_json).find((json) => json !== '{}')
    const json = each.decoded_json === '{}' ? (asOld ?? '{}') : each.decoded_json
    test(`DJG-02 DJG-03 ${each.name}: ${json === '{}' ? 'refused' : 'read'}`, () => {
      const read = readData(each.session_data, SECRETS)
      const members = read === undefined ? undefined : readJson(read)
      const isObject = json !== '{}' && json.startsWith('{')
      if (!isObject) return assert.equal(members, undefined)
      assert.deepEqual(JSON.parse(viewOf(members!)), parsePython(json))
    })
  }

  test('DJG-02 no key but the given ones is tried', () => {
    const text = signData('{"a":1}', 'another secret', 0)
    assert.equal(readData(text, SECRETS), undefined)
    assert.equal(readData(text, [...SECRETS, 'another secret']), '{"a":1}')
  })

  test('base62 of the vectors', () => {
    for (const { n, s } of vectors.base62) assert.equal(base62(n), s)
  })

  test('salted_hmac of the vectors', () => {
    for (const { key_salt: salt, value, secret, algorithm, hex } of vectors.auth_hash.salted_hmac) {
      assert.equal(saltedHmac(salt, value, secret, algorithm).toString('hex'), hex)
    }
  })
})

describe('DJG-05 hostile session_data', () => {
  test('what inflates beyond a mebibyte is refused, and what fits is read', () => {
    const bomb = deflateSync(Buffer.alloc(512 * MOST_BYTES, 32))
    assert.ok(bomb.length < MOST_BYTES)
    assert.equal(readData(signed(`.${bomb.toString('base64url')}`), SECRETS), undefined)
    const most = Buffer.alloc(MOST_BYTES, 32)
    const full = signed(`.${deflateSync(most).toString('base64url')}`)
    assert.equal(readData(full, SECRETS)?.length, MOST_BYTES)
  })

  test('a text longer than any that fits is refused unread', () => {
    const long = Buffer.alloc(2 * MOST_BYTES, 32).toString('base64url')
    assert.equal(readData(signed(long), SECRETS), undefined)
  })

  for (const [name, text] of [
    ['quotes that nobody closes', '{"'.repeat(200_000)],
    ['escapes that nobody closes', `{"${'\\"'.repeat(400_000)}`],
    ['a string of escapes', `{"a":"${'\\u0000'.repeat(150_000)}"}`],
    ['nested lists', `{"a":${'['.repeat(100_000)}`],
    ['numbers that are none', `{"a":${'-'.repeat(400_000)}}`],
  ] as const) {
    test(`JSON of a mebibyte is read or refused without looking twice: ${name}`, () => {
      const members = readJson(text)
      assert.equal(members !== undefined, name === 'a string of escapes')
    })
  }
})

describe('DJG-10 what JavaScript cannot hold', () => {
  const json =
    '{"10":1.0,"9":1e+16,"n":[NaN,-Infinity],"big":12345678901234567890,"z":-0.0,"__proto__":{"a":1.50},"u":"\\u00e9","last":1}'

  test('stays as Python wrote it, in its place, when another member changes', () => {
    const members = readJson(json)!
    const data = { ...JSON.parse(viewOf(members)), last: [2], new: '\u{1F600}\u007f' }
    Object.defineProperty(data, '__proto__', { value: { a: 1.5 }, enumerable: true })
    const text = dictText(changeMembers(members, data))
    const expected = json.replace('"last":1', '"last":[2],"new":"\\ud83d\\ude00\\u007f"')
    assert.equal(text, expected)
  })

  test('is null, or the nearest number, where it is looked at', () => {
    const view = JSON.parse(viewOf(readJson(json)!))
    assert.deepEqual(view.n, [null, null])
    assert.equal(view.big, Number('12345678901234567890'))
    assert.deepEqual(Object.keys(view).slice(-5), ['big', 'z', '__proto__', 'u', 'last'])
  })

  test('a member that is deleted goes, and one of two of the same name is the last', () => {
    const members = readJson('{ "a" : 1 , "b" : 2.0 , "a" : 3 }')!
    assert.equal(dictText(changeMembers(members, { b: 2 })), '{"b":2.0}')
    assert.equal(dictText(members), '{"a":3,"b":2.0}')
  })
})
