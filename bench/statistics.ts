/** What repeated measurements of one thing come down to. */
export interface Summary {
  readonly median: number
  /** Half the distance between the quartiles, as a share of the median: half of all lie within ±. */
  readonly spread: number
}

export function summarize(values: readonly number[]): Summary {
  const sorted = Float64Array.from(values).toSorted()
  const middle = quantile(sorted, 0.5)
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / middle
  return { median: middle, spread }
}

export function median(values: readonly number[]): number {
  return summarize(values).median
}

/**
 * How many times `values` are `others`, repetition by repetition: what slows the machine down for a
 * while slows both, and leaves their ratio.
 */
export function ratio(values: readonly number[], others: readonly number[]): Summary {
  return summarize(values.map((value, repetition) => value / others[repetition]!))
}

/**
 * @param sorted ascending, at least one value
 * @param share 0.5 for the median, 0.99 for the 99th percentile
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1)
  const below = sorted[Math.floor(position)]!
  const above = sorted[Math.ceil(position)]!
  return below + (above - below) * (position - Math.floor(position))
}
