import {
  decodeString,
  floatText,
  integerOf,
  NotPlain,
  textOf,
  type Value,
} from './pickle-values.ts'
import { pythonText } from './python-json.ts'
import { MOST_BYTES } from './session-data.ts'

/**
 * Reads a pickle of protocol 2 to 5 that holds a dict of plain values, and nothing else: no opcode
 * that imports, calls or builds is known here, so no pickle can do anything.
 *
 * @returns the text of the dict, as `splitMembers` takes it; undefined for any other pickle, one that
 *   contains itself, and one that would take more than a mebibyte
 */
export function readPickle(bytes: Buffer): string | undefined {
  if (bytes.length > MOST_BYTES) return undefined
  try {
    const value = new Machine(bytes).run()
    return typeof value === 'object' && value.kind === '{}' ? textOf(value) : undefined
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

/** Conversion to decimal takes quadratic time; Python itself reads 4,300 digits at most. */
const LONGEST_INTEGER = 1785
const PROTO = 0x80
const STOP = 0x2e

/** The stack machine that a pickle is written for, with what plain values need of it. */
class Machine {
  readonly #bytes: Buffer
  readonly #stack: Value[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, Value>()
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  run(): Value {
    const protocol = this.number(1) === PROTO ? this.number(1) : 0
    if (protocol < 2 || protocol > 5) throw new NotPlain()
    for (let opcode = this.number(1); opcode !== STOP; opcode = this.number(1)) {
      const step = STEPS[opcode]
      if (step === undefined) throw new NotPlain()
      step(this)
    }
    const value = this.pop()
    if (this.#at < this.#bytes.length || this.#stack.length > 0) throw new NotPlain()
    return value
  }

  take(length: number): Buffer {
    const start = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw new NotPlain()
    return this.#bytes.subarray(start, this.#at)
  }

  number(width: number): number {
    const bytes = this.take(width)
    return width === 8 ? Number(bytes.readBigUInt64LE()) : bytes.readUIntLE(0, width)
  }

  /** The bytes whose length is written before them in so many bytes. */
  sized(width: number, most: number = MOST_BYTES): Buffer {
    const length = this.number(width)
    if (length > most) throw new NotPlain()
    return this.take(length)
  }

  push(value: Value): void {
    this.#stack.push(value)
  }

  pop(): Value {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined
    if (value === undefined) throw new NotPlain()
    return value
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
  }

  popMarked(): Value[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw new NotPlain()
    return this.#stack.splice(mark)
  }

  pushTuple(size: number): void {
    const items = Array.from({ length: size }, () => this.pop())
    this.push({ kind: '()', items: items.toReversed() })
  }

  append(items: readonly Value[]): void {
    const list = this.#top()
    if (typeof list === 'string' || list.kind !== '[]') throw new NotPlain()
    for (const item of items) list.items.push(item)
  }

  setItems(items: readonly Value[]): void {
    const dict = this.#top()
    if (typeof dict === 'string' || dict.kind !== '{}' || items.length % 2) throw new NotPlain()
    for (let index = 0; index < items.length; index += 2) {
      const name = items[index]
      if (typeof name !== 'string' || !NAME.test(name)) throw new NotPlain()
      dict.members.set(name, items[index + 1] as Value)
    }
  }

  put(index: number = this.#memo.size): void {
    this.#memo.set(index, this.#top())
  }

  get(index: number): void {
    const value = this.#memo.get(index)
    if (value === undefined) throw new NotPlain()
    this.push(value)
  }

  /** How much may be read at once; all of it is here already. */
  skipFrame(): void {
    if (this.number(8) > this.#bytes.length - this.#at) throw new NotPlain()
  }

  #top(): Value {
    const value = this.pop()
    this.push(value)
    return value
  }
}

const NAME = /^(?:"|-?\d+$)/

/** By opcode: https://github.com/python/cpython/blob/main/Lib/pickletools.py */
const STEPS: Readonly<Record<number, (machine: Machine) => void>> = {
  0x95: (machine) => machine.skipFrame(), // FRAME
  0x28: (machine) => machine.mark(), // MARK
  0x4e: (machine) => machine.push('null'), // NONE
  0x88: (machine) => machine.push('true'), // NEWTRUE
  0x89: (machine) => machine.push('false'), // NEWFALSE
  0x4b: (machine) => machine.push(String(machine.number(1))), // BININT1
  0x4d: (machine) => machine.push(String(machine.number(2))), // BININT2
  0x4a: (machine) => machine.push(String(machine.take(4).readInt32LE())), // BININT
  0x8a: (machine) => pushLong(machine, 1), // LONG1
  0x8b: (machine) => pushLong(machine, 4), // LONG4
  0x47: (machine) => machine.push(floatText(machine.take(8).readDoubleBE())), // BINFLOAT
  0x8c: (machine) => pushString(machine, 1), // SHORT_BINUNICODE
  0x58: (machine) => pushString(machine, 4), // BINUNICODE
  0x8d: (machine) => pushString(machine, 8), // BINUNICODE8
  0x7d: (machine) => machine.push({ kind: '{}', members: new Map() }), // EMPTY_DICT
  0x73: (machine) => machine.setItems([machine.pop(), machine.pop()].toReversed()), // SETITEM
  0x75: (machine) => machine.setItems(machine.popMarked()), // SETITEMS
  0x5d: (machine) => machine.push({ kind: '[]', items: [] }), // EMPTY_LIST
  0x61: (machine) => machine.append([machine.pop()]), // APPEND
  0x65: (machine) => machine.append(machine.popMarked()), // APPENDS
  0x29: (machine) => machine.pushTuple(0), // EMPTY_TUPLE
  0x85: (machine) => machine.pushTuple(1), // TUPLE1
  0x86: (machine) => machine.pushTuple(2), // TUPLE2
  0x87: (machine) => machine.pushTuple(3), // TUPLE3
  0x74: (machine) => machine.push({ kind: '()', items: machine.popMarked() }), // TUPLE
  0x94: (machine) => machine.put(), // MEMOIZE
  0x71: (machine) => machine.put(machine.number(1)), // BINPUT
  0x72: (machine) => machine.put(machine.number(4)), // LONG_BINPUT
  0x68: (machine) => machine.get(machine.number(1)), // BINGET
  0x6a: (machine) => machine.get(machine.number(4)), // LONG_BINGET
}

function pushLong(machine: Machine, width: number): void {
  machine.push(String(integerOf(machine.sized(width, LONGEST_INTEGER))))
}

function pushString(machine: Machine, width: number): void {
  machine.push(pythonText(decodeString(machine.sized(width))))
}
