/** What a line through the later half of a row of values says. */
export interface Trend {
  readonly mean: number
  /** How much it rises over the whole half. */
  readonly change: number
  /** How far off `change` may be: twice its standard error. */
  readonly doubt: number
  readonly isFlat: boolean
}

/** More is a leak, or may be one. */
const MOST_CHANGE = 0.05

/**
 * By least squares. The first half is left out: caches fill in it, and the first key ring grows old.
 *
 * @param values one a minute
 */
export function trendOf(values: readonly number[]): Trend {
  const half = values.slice(Math.floor(values.length / 2))
  const count = half.length
  const mean = half.reduce((sum, value) => sum + value, 0) / count
  const middle = (count - 1) / 2
  const squares = half.reduce((sum, _, index) => sum + (index - middle) ** 2, 0)
  const products = half.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0)
  const slope = squares === 0 ? 0 : products / squares
  const rest = half.reduce((sum, value, index) => {
    return sum + (value - mean - slope * (index - middle)) ** 2
  }, 0)
  const error = count > 2 ? Math.sqrt(rest / (count - 2) / squares) : Infinity
  const change = slope * (count - 1)
  return { mean, change, doubt: 2 * error * (count - 1), isFlat: change <= MOST_CHANGE * mean }
}
