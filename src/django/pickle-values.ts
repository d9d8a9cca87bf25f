import { decodeUtf8 } from '../token/compact.ts'
import { MOST_BYTES } from './session-data.ts'

/** A plain value of Python: the text of a scalar, as `splitMembers` takes it, or a container. */
export type Value = string | Sequence | Mapping

export interface Sequence {
  readonly kind: '[]' | '()'
  readonly items: Value[]
}

export interface Mapping {
  readonly kind: '{}'
  /** By the text of the name: a string, or an integer. */
  readonly members: Map<string, Value>
}

/** A pickle that is not taken for one of plain values. */
export class NotPlain extends Error {}

const DEEPEST = 200

/**
 * The text of a value whose parts may be shared: a few bytes of a pickle can name gigabytes.
 *
 * @throws NotPlain if it would take more than a mebibyte, or contains itself
 */
export function textOf(value: Value): string {
  let left = MOST_BYTES
  const count = (text: string): string => {
    left -= text.length + 1
    if (left < 0) throw new NotPlain()
    return text
  }
  const write = (part: Value, depth: number): string => {
    if (typeof part === 'string') return count(part)
    if (depth === 0) throw new NotPlain()
    const [open = '', close = ''] = count(part.kind)
    const texts =
      part.kind === '{}'
        ? Array.from(part.members, ([name, item]) => `${count(name)}:${write(item, depth - 1)}`)
        : part.items.map((item) => write(item, depth - 1))
    return open + texts.join(',') + close
  }
  return write(value, DEEPEST)
}

/** Two's complement, the lowest byte first, of any length. */
export function integerOf(bytes: Buffer): bigint {
  const hex = Buffer.from(bytes.toReversed()).toString('hex')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex || '0'}`))
}

/** The shortest bytes of two's complement that hold the integer. */
export function bytesOf(integer: bigint): Buffer {
  const size = Math.ceil((integer.toString(16).replace('-', '').length + 1) / 2)
  const hex = BigInt.asUintN(size * 8, integer).toString(16)
  return Buffer.from(Buffer.from(hex.padStart(size * 2, '0'), 'hex').toReversed())
}

/** With a point or an exponent, by which Python tells floats from integers. */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** Python pickles the halves of a broken UTF-16 pair, too; UTF-8 knows no such thing. */
const HALVES_IN_UTF8 = /(\xed[\xa0-\xbf][\x80-\xbf])/
const HALVES = /(\p{Cs})/u

export function decodeString(bytes: Buffer): string {
  const parts = bytes.toString('latin1').split(HALVES_IN_UTF8)
  return parts.map((part, index) => (index % 2 ? decodeHalf(part) : decodeWhole(part))).join('')
}

export function encodeString(text: string): Buffer {
  const parts = text.split(HALVES)
  return Buffer.concat(
    parts.map((part, index) => (index % 2 ? encodeHalf(part) : Buffer.from(part))),
  )
}

function decodeWhole(latin1: string): string {
  const text = decodeUtf8(Buffer.from(latin1, 'latin1'))
  if (text === undefined) throw new NotPlain()
  return text
}

function decodeHalf(latin1: string): string {
  return String.fromCharCode(
    0xd000 | ((latin1.charCodeAt(1) & 0x3f) << 6) | (latin1.charCodeAt(2) & 0x3f),
  )
}

function encodeHalf(half: string): Buffer {
  const code = half.charCodeAt(0)
  return Buffer.from([0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)])
}
