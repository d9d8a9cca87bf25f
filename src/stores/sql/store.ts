import type { Duration } from '../../duration.ts'
import type { Store } from '../../session/record.ts'
import { found, markOf, markValues, pageOf, recordValues, sessionsOf } from './rows.ts'
import { type Row, SWEPT_AT_ONCE, type Values, type Verb } from './statements.ts'
import { handleOf } from '../stored-id.ts'

/** What the stores in SQL servers take. */
export interface SqlOptions {
  /**
   * The table of the sessions; others are named after it. `schema.table` names one of another
   * schema. Default `'symbolon_sessions'`.
   */
  readonly table?: string
  /** How long a verb may take, the wait for a connection of the pool included; default `'5s'`. */
  readonly timeout?: Duration
  /** The clock, in ms since 1970, in place of the server's: for tests. */
  readonly now?: () => number
}

/** How the tables come to be. */
export interface SqlSetUp {
  /** Creates what is missing of the tables; may run at each start, and in many processes at once. */
  setUp(): Promise<void>
  /** The same as SQL, for a migration. */
  readonly schema: string
}

/** A store in an SQL server: every member but `changes`, which not all of them have. */
export type SqlStore = Required<Omit<Store, 'changes'>> & Pick<Store, 'changes'> & SqlSetUp

/**
 * Carries out one verb on the server. `create`, `touch` and `endCovered` answer with a row where
 * they wrote; `update` and `end` with `{ answer }`; the sweeps with `{ removed }`.
 */
export type Ask = (verb: Verb, values: Values) => Promise<readonly Row[]>

type Outcome = 'ok' | 'conflict' | 'gone'

/** So many creates are followed by one batch: rows are removed faster than they are added. */
const CREATES_PER_SWEEP = 100

/** The verbs of the store, each a statement of the server (`ask`). */
export function sqlVerbs(ask: Ask): Required<Omit<Store, 'guarantees' | 'changes' | 'close'>> {
  const outcome = async (verb: 'update' | 'end', values: Values): Promise<Outcome> => {
    const [row] = await ask(verb, values)
    return row?.['answer'] as Outcome
  }
  const sweepBatch = async (): Promise<number> => {
    let removed = 0
    for (const verb of ['sweepSessions', 'sweepMarks', 'sweepRevocations'] as const) {
      const [row] = await ask(verb, {})
      removed += Number(row?.['removed'])
    }
    return removed
  }
  let creates = 0
  // Nobody waits for this one; whoever uses the next verb hears of a broken server.
  const sweepNowAndThen = (): void => {
    if (++creates % CREATES_PER_SWEEP === 0) sweepBatch().catch(() => undefined)
  }

  return {
    async read(id) {
      const [row] = await ask('read', { id: handleOf(id) })
      return found(row)
    },

    async create(id, record) {
      sweepNowAndThen()
      const rows = await ask('create', { id: handleOf(id), ...recordValues(record) })
      return rows.length > 0
    },

    update: (id, record, seen) =>
      outcome('update', { id: handleOf(id), ...recordValues(record), seen }),

    async touch(id, expires) {
      const rows = await ask('touch', { id: handleOf(id), expires })
      return rows.length > 0
    },

    end: (id, seen) => outcome('end', { id: handleOf(id), seen }),

    handle: handleOf,

    ofUser: async (userId) => sessionsOf(await ask('ofUser', { userId })),

    async updateHandle(handle, record, seen) {
      if (!isHandle(handle)) return 'gone'
      return outcome('update', { id: handle, ...recordValues(record), seen })
    },

    async endHandle(handle) {
      return isHandle(handle) && (await outcome('end', { id: handle })) === 'ok'
    },

    async revokeUser(userId, mark) {
      // From the mark on the sessions have ended, whatever becomes of their rows.
      await ask('mark', { userId, ...markValues(mark) })
      await ask('endCovered', { userId })
    },

    async userMark(userId) {
      const [row] = await ask('userMark', { userId })
      return markOf(row)
    },

    revocations: {
      async add(text, expires) {
        await ask('addRevocation', { text, expires })
      },
      since: async (after) => pageOf(await ask('revocations', { after })),
    },

    async sweep() {
      for (let removed = 0; ;) {
        const batch = await sweepBatch()
        removed += batch
        if (batch < SWEPT_AT_ONCE) return removed
      }
    },
  }
}

/** What came from elsewhere may hold what the server takes for no text. */
function isHandle(handle: string): boolean {
  return /^[\w-]{43}$/.test(handle)
}
