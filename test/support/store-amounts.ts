import type { StoreSuiteOptions } from '../../src/testing/store-suite.ts'

/**
 * How much chance the shared suite takes: with each change a part of all logouts and of what CI has
 * time for of the rest, and everything with STORE_AMOUNT=1, each night.
 */
export function amounts(
  part: number,
): Required<Pick<StoreSuiteOptions, 'histories' | 'logouts' | 'increments'>> {
  const amount = Number(process.env['STORE_AMOUNT'] ?? part / 50)
  return {
    histories: 10_000 * amount,
    logouts: 10_000 * Math.max(part, amount),
    increments: Math.ceil(100 * amount),
  }
}
