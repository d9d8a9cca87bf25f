import type { GrowthResult } from './growth.ts'
import type { HttpResult } from './http.ts'
import type { SizeResult } from './size.ts'
import type { TokenResult } from './tokens.ts'

/** All that one run has measured. */
export interface Results {
  /** On what, as names and texts. */
  readonly machine: Readonly<Record<string, string>>
  readonly tokens: readonly TokenResult[]
  readonly http: readonly HttpResult[]
  readonly growth: readonly GrowthResult[]
  readonly size: SizeResult | undefined
}
