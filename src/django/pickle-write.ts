import { bytesOf, encodeString } from './pickle-values.ts'

const TOKEN =
  /"[^"\\]*(?:\\[^][^"\\]*)*"|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{}()]/g

/** What opens a container, by what closes it: empty ones are filled up to the mark by the last opcode. */
const OPEN: Readonly<Record<string, string>> = { '{': '}(', '[': '](', '(': '(' }
const CLOSE: Readonly<Record<string, string>> = { '}': 'u', ']': 'e', ')': 't' }
const CONSTANTS: Readonly<Record<string, string>> = { null: 'N', true: '\x88', false: '\x89' }

/**
 * Pickles the text of a dict, as `readPickle` gives it, in protocol 2, which every Python 3 reads.
 * Since a pickle is written in the order of the text, no more than its tokens is needed.
 */
export function writePickle(text: string): Buffer {
  const opcodes = Array.from(text.matchAll(TOKEN), ([token]) => opcodesOf(token))
  return Buffer.concat([Buffer.from('\x80\x02', 'latin1'), ...opcodes, Buffer.from('.')])
}

function opcodesOf(token: string): Buffer {
  const fixed = OPEN[token] ?? CLOSE[token] ?? CONSTANTS[token]
  if (fixed !== undefined) return Buffer.from(fixed, 'latin1')
  if (token.startsWith('"')) return sized('X', encodeString(JSON.parse(token) as string))
  return /^-?\d+$/.test(token) ? integer(BigInt(token)) : float(Number(token))
}

function integer(value: bigint): Buffer {
  if (BigInt.asIntN(32, value) !== value) return sized('\x8b', bytesOf(value))
  const bytes = Buffer.from('J....')
  bytes.writeInt32LE(Number(value), 1)
  return bytes
}

function float(value: number): Buffer {
  const bytes = Buffer.from('G........')
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function sized(opcode: string, content: Buffer): Buffer {
  const head = Buffer.from(`${opcode}....`, 'latin1')
  head.writeUInt32LE(content.length, 1)
  return Buffer.concat([head, content])
}
