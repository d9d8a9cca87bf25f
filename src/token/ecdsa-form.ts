const SEQUENCE = 0x30
const INTEGER = 0x02
/** Of r and of s, for P-256. */
const SIDE = 32
/** Of both, as a token carries them (RFC 7518 §3.4). */
export const SIDES_LENGTH: number = 2 * SIDE

/** r and s side by side, from the DER sequence that OpenSSL makes of them. */
export function sidesOfDer(der: Buffer): Buffer {
  const sides = Buffer.alloc(SIDES_LENGTH)
  const rLength = der[3] as number
  const sLength = der[5 + rLength] as number
  der.copy(sides, ...rightAligned(SIDE, rLength, 4))
  der.copy(sides, ...rightAligned(SIDES_LENGTH, sLength, 6 + rLength))
  return sides
}

/** Where an integer goes, less the zero byte that keeps a high bit from being a sign. */
function rightAligned(end: number, length: number, at: number): [number, number, number] {
  const size = Math.min(length, SIDE)
  return [end - size, at + length - size, at + length]
}

/** The DER sequence of r and s, in the only form that DER allows. */
export function derOfSides(sides: Buffer): Buffer {
  const integers = Buffer.concat([integer(sides, 0), integer(sides, SIDE)])
  return Buffer.concat([Buffer.of(SEQUENCE, integers.length), integers])
}

function integer(sides: Buffer, start: number): Buffer {
  let from = start
  while (from < start + SIDE - 1 && sides[from] === 0) from++
  const bytes = sides.subarray(from, start + SIDE)
  const sign = (bytes[0] as number) >= 0x80 ? [0] : []
  return Buffer.from([INTEGER, bytes.length + sign.length, ...sign, ...bytes])
}
