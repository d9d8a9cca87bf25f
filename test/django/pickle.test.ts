import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readPickle } from '../../src/django/pickle-read.ts'
import { writePickle } from '../../src/django/pickle-write.ts'
import { splitMembers, viewOf } from '../../src/django/python-json.ts'
import { inflate } from '../../src/django/session-data.ts'
import { parsePython, vectors } from './vectors.ts'

const { values, objects, not_dicts: notDicts, hostile } = vectors.cache

function bytesOf(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64')
  return bytes[0] === 0x78 ? inflate(bytes)! : bytes
}

function read(base64: string): unknown {
  const text = readPickle(bytesOf(base64))
  return text === undefined ? undefined : JSON.parse(viewOf(splitMembers(text)))
}

describe('DJG-12 pickles of Django caches', () => {
  for (const { name, json, stored, protocols = { 5: stored } } of values) {
    test(`${name}: read in protocols 2 to 5, refused in those before, written in protocol 2`, () => {
      for (const [protocol, pickle] of Object.entries<string>(protocols)) {
        const data = Number(protocol) < 2 ? undefined : parsePython(json)
        assert.deepEqual(read(pickle), data, `protocol ${protocol}`)
      }
      const text = readPickle(bytesOf(stored))!
      assert.equal(readPickle(writePickle(text)), text)
    })
  }

  for (const { stack, engine, stored, json } of vectors.cache.sessions) {
    if (stack.includes('json')) continue
    test(`a session of ${stack}, ${engine}`, () =>
      assert.deepEqual(read(stored), parsePython(json)))
  }

  for (const each of vectors.cache.other_serializers['django-redis-7-zlib']) {
    if (each.json === undefined) continue
    // Names that are None, True or 1.5 would be other ones when they are written back.
    const refused = each.name === 'other keys'
    test(`compressed by django-redis: ${each.name} ${refused ? 'refused' : 'read'}`, () => {
      assert.deepEqual(read(each.stored), refused ? undefined : parsePython(each.json))
    })
  }

  for (const { name, stored } of [...objects, ...notDicts]) {
    test(`DJG-04 refused: ${name}`, () => assert.equal(read(stored), undefined))
  }
})

describe('hostile pickles', () => {
  for (const { name, base64, protocol } of hostile) {
    test(`refused: ${name}, protocol ${protocol}`, () => assert.equal(read(base64), undefined))
  }

  const start = '\x80\x04}\x94X\x01\x00\x00\x00a'
  const cases: [string, string][] = [
    ['lists of lists that name each other ten times', `${start}${laughs(9)}s.`],
    ['a dict in itself', `${start}h\x00s.`],
    ['a mark that nobody set', `${start}u.`],
    ['a stack that is empty', '\x80\x04.'],
    ['nothing but the protocol', '\x80\x04'],
    ['a pop below the mark', `${start}](0s.`],
    ['a memo that is empty', `${start}h\x05s.`],
    ['a string longer than the pickle', '\x80\x04}X\xff\xff\xff\x7fas.'],
    ['a string of 2^60 bytes', '\x80\x04}\x8d\x00\x00\x00\x00\x00\x00\x00\x10as.'],
    ['a string that is no UTF-8', '\x80\x04}X\x02\x00\x00\x00\xc3\x28Ns.'],
    [
      'an integer of more digits than Python reads',
      `${start}\x8b\xff\xff\x00\x00${'1'.repeat(65_535)}s.`,
    ],
    ['a name that is a list', '\x80\x04}]Ns.'],
    ['a name that is a float', `\x80\x04}G${'\0'.repeat(8)}Ns.`],
    ['a name that is None', '\x80\x04}NNs.'],
    ['an item without a value', '\x80\x04}(Nu.'],
    ['lists in lists', `${start}${']'.repeat(500)}${'a'.repeat(499)}s.`],
    ['more on the stack than the dict', '\x80\x04N}.'],
    ['a mebibyte and one byte', `${start}N${'0'.repeat(1_048_576)}s.`],
  ]
  for (const [name, text] of cases) {
    test(`refused: ${name}`, () => {
      assert.equal(readPickle(Buffer.from(text, 'latin1')), undefined)
    })
  }

  test('lists that name each other are read as far as they fit', () => {
    const text = readPickle(Buffer.from(`${start}${laughs(3)}s.`, 'latin1'))
    assert.equal(text?.match(/null/g)?.length, 1000)
  })

  test('every pickle of the vectors, cut and changed at each byte, is read or refused', () => {
    let plain = 0
    for (const { stored } of values.slice(0, 4)) {
      const bytes = bytesOf(stored)
      for (let at = 0; at < bytes.length; at++) {
        readPickle(bytes.subarray(0, at))
        for (const change of [0x01, 0x80, 0xff]) {
          const changed = Buffer.from(bytes)
          changed[at]! ^= change
          if (readPickle(changed) !== undefined) plain++
        }
      }
    }
    assert.ok(plain > 0)
  })
})

/** Each list has the one before in it ten times; the innermost is of ten `None`. */
function laughs(levels: number): string {
  if (levels === 1) return `](${'N'.repeat(10)}e\x94`
  const before = String.fromCharCode(levels - 1)
  return `](${laughs(levels - 1)}${`h${before}`.repeat(9)}e\x94`
}
