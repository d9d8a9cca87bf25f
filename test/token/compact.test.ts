import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeUtf8, parseStrictObject, splitCompact } from '../../src/token/compact.ts'
import { ALGORITHMS, contents, encode, tokensOf } from './fixtures.ts'

const TOKEN = tokensOf('HS256').issue(contents())
const [HEADER, PAYLOAD, SIGNATURE] = TOKEN.split('.') as [string, string, string]

describe('splitCompact', () => {
  test('R7 gives the segments of a token as they were written', () => {
    assert.deepEqual(splitCompact(TOKEN), {
      header: HEADER,
      payload: PAYLOAD,
      signature: SIGNATURE,
      signedText: `${HEADER}.${PAYLOAD}`,
    })
  })

  test('JWS-02 refuses what is not a string, without turning it into one', () => {
    const coercible = { toString: () => assert.fail('was turned into a string') }
    const values = [undefined, null, 1, true, Symbol('a'), coercible, Buffer.from(TOKEN), [TOKEN]]
    for (const value of [...values, new String(TOKEN)]) assert.equal(splitCompact(value), 'type')
  })

  test('DOS refuses by length before it looks at a character', () => {
    assert.equal(splitCompact(''), 'length')
    assert.equal(splitCompact('a'.repeat(4097)), 'length')
    assert.equal(splitCompact('.'.repeat(8 * 1024 * 1024)), 'length')
    assert.equal(splitCompact(' '.repeat(4097)), 'length')
    assert.equal(typeof splitCompact(`aaaa.${'A'.repeat(4086)}.aaaa`), 'object')
  })

  test('JWS-01 JWS-03 refuses all but three segments with something in each', () => {
    const texts = ['.', '..', '...', 'aaaa', 'a.b', 'aaaa.aaaa', 'a.b.c.d', 'a.b.c.d.e']
    const empty = [`.${PAYLOAD}.${SIGNATURE}`, `${HEADER}..${SIGNATURE}`, `${HEADER}.${PAYLOAD}.`]
    for (const text of [...texts, ...empty, `${TOKEN}.`, `.${TOKEN}`]) {
      assert.equal(splitCompact(text), 'format', text)
    }
  })

  test('JWS-04 JWS-05 JWS-06 refuses padding, other alphabets, blanks and controls anywhere', () => {
    const foreign = ['=', '+', '/', ' ', '\t', '\r', '\n', '\0', '\u00a0', '\ufeff', '\u200b']
    foreign.push('\uff21', '%', ',', ';', ':', '"', '\\', '\u007f', '\u0130', '\u212a', '\u017f')
    for (let at = 0; at <= TOKEN.length; at++) {
      for (const character of foreign) {
        const text = TOKEN.slice(0, at) + character + TOKEN.slice(at)
        assert.equal(splitCompact(text), 'encoding', `${JSON.stringify(character)} at ${at}`)
      }
    }
  })

  test('JWS-13 JWS-14 JWS-15 refuses a scheme, quotes, escapes and the JSON serializations', () => {
    const flattened = { protected: HEADER, payload: PAYLOAD, signature: SIGNATURE }
    const general = { payload: PAYLOAD, signatures: [{ protected: HEADER, signature: SIGNATURE }] }
    const texts = [`Bearer ${TOKEN}`, `"${TOKEN}"`, TOKEN.replace('.', '%2E'), `s:${TOKEN}`]
    texts.push(JSON.stringify(flattened), JSON.stringify(general))
    texts.push(JSON.stringify({ ...flattened, payload: 'e30.e30', header: {} }))
    for (const text of texts) assert.equal(splitCompact(text), 'encoding', text)
  })

  test('JWS-07 refuses a segment that no bytes encode to', () => {
    for (const segments of [
      ['aaaaa', 'aaaa', 'aaaa'],
      ['aaaa', 'a', 'aaaa'],
      ['aaaa', 'aaaa', 'aaaaa'],
    ]) {
      assert.equal(splitCompact(segments.join('.')), 'encoding')
    }
  })

  test('JWS-08 refuses every other spelling of the last character, in every segment', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const [bytes, canonical] of [
      [1, 4],
      [2, 16],
      [3, 64],
    ] as const) {
      const first = encode('\0'.repeat(bytes)).slice(0, -1)
      for (const place of [0, 1, 2]) {
        const accepted = [...alphabet].filter((last) => {
          const segments = ['aaaa', 'aaaa', 'aaaa'].with(place, first + last)
          return typeof splitCompact(segments.join('.')) === 'object'
        })
        assert.equal(accepted.length, canonical)
        const bytesOf = new Set(
          accepted.map((last) => Buffer.from(first + last, 'base64url').join()),
        )
        assert.equal(bytesOf.size, canonical)
      }
    }
  })

  test('R7 accepts what every algorithm signs', () => {
    for (const alg of ALGORITHMS) {
      assert.equal(typeof splitCompact(tokensOf(alg).issue(contents())), 'object', alg)
    }
  })
})

describe('decodeUtf8', () => {
  test('CLM-26 JWS-17 refuses bytes that are not UTF-8 and leaves a byte order mark to JSON', () => {
    for (const bytes of [
      [0xff],
      [0xc3],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
    ]) {
      assert.equal(decodeUtf8(Uint8Array.from(bytes)), undefined)
    }
    const marked = decodeUtf8(Buffer.from('\ufeff{}'))
    assert.equal(marked, '\ufeff{}')
    assert.equal(parseStrictObject(marked), undefined)
    assert.equal(decodeUtf8(Buffer.from('\ufeff{}', 'utf16le')), undefined)
    assert.equal(decodeUtf8(Buffer.from('ä€😀')), 'ä€😀')
  })
})

describe('parseStrictObject', () => {
  test('CLM-25 JWS-16 takes objects only', () => {
    for (const text of [
      '[]',
      '[{}]',
      '"a"',
      '1',
      'null',
      'true',
      '',
      ' ',
      'undefined',
      '{}{}',
      '{',
    ]) {
      assert.equal(parseStrictObject(text), undefined, text)
    }
    assert.deepEqual(parseStrictObject(' { "a" : [ { "b" : null } ] } '), { a: [{ b: null }] })
  })

  test('CLM-27 JWS-18 refuses a name written twice at any depth, however it is spelt', () => {
    const twice = [
      '{"a":1,"a":1}',
      '{"a":1,"b":2,"a":3}',
      '{"x":{"a":1,"a":2}}',
      '{"x":[[{"a":1,"a":2}]]}',
    ]
    twice.push('{"a":1,"\\u0061":2}', '{"":1,"":2}', '{"a:b":1,"a:b":2}', '{"a\\"":1,"a\\"":2}')
    twice.push('{"a\\\\":1,"a\\\\":2}', '{ "a" :1, "a" :2}', '{"1":1,"1":2}', '{"a":":","a":":"}')
    for (const text of twice) assert.equal(parseStrictObject(text), undefined, text)
  })

  test('CLM-27 is not misled by colons, quotes and backslashes inside strings', () => {
    const objects = [
      { 'a:b': ':"":', ':': '{"a":1,"a":2}' },
      { '\\': '\\":', '"': '\\\\"' },
      { a: '\\' },
    ]
    objects.push(
      { a: { a: { a: 'a:a' } as never } } as never,
      { '\u0000': '"a":', 'é:': '😀:' } as never,
    )
    for (const object of objects)
      assert.deepEqual(parseStrictObject(JSON.stringify(object)), object)
  })

  test('CLM-28 refuses __proto__ at any depth and leaves Object.prototype alone', () => {
    for (const text of [
      '{"__proto__":{"admin":true}}',
      '{"a":[{"__proto__":1}]}',
      '{"\\u005f_proto__":1}',
    ]) {
      assert.equal(parseStrictObject(text), undefined, text)
    }
    const parsed = parseStrictObject('{"constructor":{"prototype":{"admin":true}},"toString":1}')
    assert.deepEqual(Object.keys(parsed ?? {}), ['constructor', 'toString'])
    assert.equal(({} as { admin?: boolean }).admin, undefined)
  })

  test('CLM-26 refuses half a character in names and in values', () => {
    for (const text of [
      '{"\\ud800":1}',
      '{"a":"\\udc00"}',
      '{"a":["\\ud83d"]}',
      '{"a":{"b\\udfff":1}}',
    ]) {
      assert.equal(parseStrictObject(text), undefined, text)
    }
    assert.deepEqual(parseStrictObject('{"a":"\\ud83d\\ude00"}'), { a: '😀' })
  })

  test('CLM-07 refuses numbers that are infinite', () => {
    for (const text of ['{"a":1e400}', '{"a":[-1e400]}'])
      assert.equal(parseStrictObject(text), undefined)
  })

  test('CLM-29 holds to 16 levels, 64 members and 2,048 characters a member', () => {
    const nested = (levels: number): string =>
      '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1)
    assert.ok(parseStrictObject(nested(16)))
    assert.equal(parseStrictObject(nested(17)), undefined)
    assert.equal(parseStrictObject(`{"a":${'['.repeat(16)}${']'.repeat(16)}}`), undefined)
    assert.equal(parseStrictObject(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), undefined)
    const members = (count: number): string =>
      JSON.stringify(
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, 1])),
      )
    assert.ok(parseStrictObject(members(64)))
    assert.equal(parseStrictObject(members(65)), undefined)
    assert.ok(parseStrictObject(JSON.stringify({ a: 'x'.repeat(2046), b: 1 })))
    assert.equal(parseStrictObject(JSON.stringify({ a: 'x'.repeat(2047), b: 1 })), undefined)
  })
})
