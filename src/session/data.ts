import { SessionError } from '../errors.ts'

/** The app's data of one session: what JSON can hold. */
export type Data = Record<string, unknown>

/** Data above this are refused: a session is no cache, and every write carries the whole of it. */
export const MAX_DATA_BYTES = 65_536

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
 * instances without `toJSON`. A Date becomes its ISO text; a property that is undefined is left out.
 *
 * @param before text these data were parsed from: equal text needs no second look
 */
export function dataText(data: Data, before: string): string {
  refuseVanishing(data)
  const text = stringify(data)
  if (text === before) return text
  for (const name in data) refuseLoss(data[name], name)
  if (Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new SessionError(
      'data_too_large',
      `The session's data would take more than ${MAX_DATA_BYTES} bytes; keep large values in a database and their id in the session`,
    )
  }
  return text
}

/** Values that leave no trace in the text would be missed by comparing texts. */
function refuseVanishing(data: Data): void {
  for (const name in data) {
    const type = typeof data[name]
    if (type === 'function' || type === 'symbol') throw lossy(name, type)
  }
}

function stringify(data: Data): string {
  try {
    return JSON.stringify(data)
  } catch (error) {
    throw new SessionError(
      'invalid_data',
      'The session holds a BigInt, a cycle or a getter that throws, which JSON cannot hold',
      { cause: error },
    )
  }
}

function refuseLoss(value: unknown, path: string): void {
  if (typeof value === 'string' || typeof value === 'boolean') return
  if (value === undefined || value === null || Number.isFinite(value)) return
  if (typeof value === 'number') throw lossy(path, 'NaN or Infinity')
  if (typeof value !== 'object') throw lossy(path, typeof value)
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return refuseBinary(value, path)
  if (Array.isArray(value)) {
    value.forEach((item, index) => refuseLoss(item, `${path}[${index}]`))
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw lossy(path, `an instance of ${value.constructor.name}`)
  }
  for (const name of Object.keys(value)) {
    refuseLoss((value as Data)[name], `${path}.${name}`)
  }
}

function refuseBinary(value: unknown, path: string): void {
  if (ArrayBuffer.isView(value)) throw lossy(path, 'binary data')
}

function lossy(path: string, what: string): SessionError {
  return new SessionError(
    'invalid_data',
    `session.${path} is ${what}, which JSON cannot hold; store plain data instead`,
  )
}
