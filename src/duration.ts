import { SessionError } from './errors.ts'

/** Milliseconds, or text such as `'30s'`, `'15m'`, `'8h'`, `'14d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration; `name` is the option to blame. */
export function milliseconds(value: Duration, name: string): number {
  const parts = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : undefined
  const result = parts ? Number(parts[1]) * UNITS[parts[2] as keyof typeof UNITS] : value
  if (typeof result !== 'number' || !Number.isFinite(result) || result < 0) {
    throw new SessionError(
      'invalid_option',
      `${name} must be a duration: milliseconds, or text such as '30s', '15m', '8h' or '14d'`,
    )
  }
  return Math.round(result)
}
