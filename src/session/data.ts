import { SessionError } from '../errors.ts'

/** The app's data of one session: what JSON can hold. */
export type Data = Record<string, unknown>

/** What data may be at most, as text and in the depth of their nesting. */
export interface DataLimits {
  readonly bytes: number
  readonly depth: number
}

/** Data above this are refused: a session is no cache, and every write carries the whole of it. */
export const DATA_LIMITS: DataLimits = { bytes: 65_536, depth: 64 }

/** Parses a record's data; undefined if they are not the text of an object (STO-16). */
export function parseData(text: string): Data | undefined {
  if (text === '{}') return {}
  try {
    const data: unknown = JSON.parse(text)
    return typeof data === 'object' && data !== null && !Array.isArray(data)
      ? (data as Data)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * The JSON text of the data. What JSON would lose or change without a word is an error that names
 * the property: functions, symbols, BigInt, NaN, Infinity, cycles, binary data, Map, Set and other
 * instances without `toJSON`, holes and undefined in lists. A Date becomes its ISO text; a property
 * that is undefined is left out.
 *
 * @throws SessionError `invalid_data`, `data_too_large`
 */
export function dataText(data: Data, { bytes, depth }: DataLimits = DATA_LIMITS): string {
  for (const name of Object.keys(data)) refuseLoss(data[name], name, depth)
  const text = stringify(data)
  if (text.length * 3 > bytes && Buffer.byteLength(text) > bytes) {
    throw new SessionError(
      'data_too_large',
      `The session's data would take more than ${bytes} bytes; keep large values in a database and their id in the session`,
    )
  }
  return text
}

function stringify(data: Data): string {
  try {
    return JSON.stringify(data)
  } catch (error) {
    throw new SessionError('invalid_data', 'A toJSON() or a getter in the session failed', {
      cause: error,
    })
  }
}

function refuseLoss(value: unknown, path: string, depth: number): void {
  if (typeof value === 'string' || typeof value === 'boolean') return
  if (value === undefined || value === null || Number.isFinite(value)) return
  if (typeof value === 'number') throw lossy(path, 'NaN or Infinity')
  if (typeof value !== 'object') throw lossy(path, typeof value)
  if (depth === 0) throw lossy(path, 'a cycle, or nested too deep')
  if (Array.isArray(value)) return refuseLossInList(value, path, depth)
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return refuseUntrue(value, path)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw lossy(path, 'an instance of a class')
  }
  for (const [name, member] of entries(value, path)) {
    refuseLoss(member, `${path}.${name}`, depth - 1)
  }
}

function refuseLossInList(list: readonly unknown[], path: string, depth: number): void {
  if (Object.keys(list).length !== list.length) throw lossy(path, 'a list with holes or names')
  for (const [index, item] of list.entries()) {
    if (item === undefined) throw lossy(`${path}[${index}]`, 'undefined in a list')
    refuseLoss(item, `${path}[${index}]`, depth - 1)
  }
}

/** An invalid Date says null of itself, and a Buffer something that does not become one again. */
function refuseUntrue(value: object, path: string): void {
  if (ArrayBuffer.isView(value)) throw lossy(path, 'binary data')
  if (value instanceof Date && Number.isNaN(value.getTime())) throw lossy(path, 'an invalid Date')
}

function entries(value: object, path: string): [string, unknown][] {
  try {
    return Object.entries(value)
  } catch (error) {
    throw lossy(path, 'an object with a getter that throws', error)
  }
}

function lossy(path: string, what: string, cause?: unknown): SessionError {
  return new SessionError(
    'invalid_data',
    `session.${path} is ${what}, which JSON cannot hold; store plain data instead`,
    { cause },
  )
}
