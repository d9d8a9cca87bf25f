import type { Store } from '../session/record.ts'
import type { StoreCase } from './store-bench.ts'
import { changes, revocations } from './store-changes.ts'
import { contract } from './store-contract.ts'
import { histories } from './store-histories.ts'
import { marks } from './store-marks.ts'
import { races } from './store-races.ts'
import { sweeping } from './store-sweep.ts'
import { userRaces } from './store-user-races.ts'
import { USER_MEMBERS, users } from './store-users.ts'

/** Cases for stores that have the members. */
export interface StoreCases {
  readonly members: readonly (keyof Store)[]
  readonly cases: Readonly<Record<string, StoreCase<Required<Store>>>>
}

/** What every store is held against, and what those are that have more. */
export const STORE_CASES: Readonly<Record<string, StoreCases>> = {
  'all stores': { members: [], cases: { ...contract, ...races, ...histories } },
  sweep: { members: ['sweep'], cases: sweeping },
  users: { members: ['ofUser'], cases: { ...users, ...marks, ...userRaces } },
  revocations: { members: ['revocations'], cases: revocations },
  changes: { members: [...USER_MEMBERS, 'revocations', 'changes'], cases: changes },
}
