import type { SessionRecord, Store } from '../../session/record.ts'
import { SqlCalls } from '../sql/calls.ts'
import type { Row } from './connection.ts'
import { answer, columns, idOf, markColumns, markOf, pageOf, sessionsOf } from './rows.ts'
import { CREATE_TABLES, STATEMENTS, type Verb } from './statements.ts'
import { handleOf, storedId } from '../stored-id.ts'

type Args = readonly unknown[] | Readonly<Record<string, unknown>>

interface Result {
  readonly columns: readonly string[]
  readonly rows: readonly unknown[]
  readonly rowsAffected: number
}

/** What is used of a client of `@libsql/client`. */
export interface LibsqlClient {
  executeMultiple(sql: string): Promise<void>
  batch(statements: { sql: string; args: never }[], mode: 'read' | 'write'): Promise<Result[]>
}

/** A store in a libSQL server, which tells of no changes. */
export type LibsqlStore = Required<Omit<Store, 'changes'>>

/** So many rows are removed by one statement. */
const SWEPT_AT_ONCE = 1000

/** @param timeout in ms */
export function libsqlStore(client: LibsqlClient, timeout: number, now: () => number): LibsqlStore {
  const calls = new SqlCalls(async () => ({ release: () => undefined }), timeout)
  let tables: Promise<void> | undefined
  const createTables = async (): Promise<void> => {
    tables ??= client.executeMultiple(CREATE_TABLES)
    await tables.catch((error: unknown) => {
      tables = undefined
      throw error
    })
  }
  /** Carries the verbs out all or none, in one round trip. */
  const run = (
    mode: 'read' | 'write',
    ...verbs: (readonly [verb: Verb, args: Args])[]
  ): Promise<Result[]> =>
    calls.run(async () => {
      await createTables()
      const statements = verbs.map(([verb, args]) => ({
        sql: STATEMENTS[verb],
        args: args as never,
      }))
      return client.batch(statements, mode)
    })
  const rowsOf = async (verb: Verb, args: Args): Promise<Row[]> => {
    const [result] = await run('read', [verb, args])
    return plainRows(result)
  }
  const change = async (
    verb: 'update' | 'end',
    id: Buffer,
    args: Readonly<Record<string, unknown>>,
  ): Promise<'ok' | 'conflict' | 'gone'> => {
    const time = now()
    const changing = [verb, { id, ...args, now: time }] as const
    const [changed, read] = await run('write', changing, ['read', [id, time]])
    if (changed?.rowsAffected === 1) return 'ok'
    return typeof answer(plainRows(read)[0]) === 'object' ? 'conflict' : 'gone'
  }
  const update = (id: Buffer, record: SessionRecord, seen: string): ReturnType<typeof change> =>
    change('update', id, { ...columns(record), seen })

  return {
    guarantees: { noRevival: true, noLostUpdate: true, durableLogout: true, hearsChanges: false },

    async read(id) {
      const [row] = await rowsOf('read', [storedId(id), now()])
      return answer(row)
    },

    async create(id, record) {
      const [time, row] = [now(), columns(record)]
      const creating = ['create', { id: storedId(id), ...row, now: time }] as const
      const ending = ['endCovered', { userId: row['userId'], now: time }] as const
      const [created] = await run('write', creating, ending)
      return created?.rowsAffected === 1
    },

    update: (id, record, seen) => update(storedId(id), record, seen),

    async touch(id, expires) {
      const [touched] = await run('write', ['touch', { id: storedId(id), expires, now: now() }])
      return touched?.rowsAffected === 1
    },

    end: (id, seen) => change('end', storedId(id), { seen: seen ?? null }),

    handle: handleOf,

    ofUser: async (userId) => sessionsOf(await rowsOf('ofUser', [userId, now()])),

    async updateHandle(handle, record, seen) {
      const id = idOf(handle)
      return id === undefined ? 'gone' : update(id, record, seen)
    },

    async endHandle(handle) {
      const id = idOf(handle)
      return id !== undefined && (await change('end', id, { seen: null })) === 'ok'
    },

    async revokeUser(userId, mark) {
      const marking = ['mark', { userId, ...markColumns(mark) }] as const
      await run('write', marking, ['endCovered', { userId, now: now() }])
    },

    async userMark(userId) {
      const [row] = await rowsOf('userMark', [userId, now()])
      return markOf(row)
    },

    revocations: {
      async add(text, expires) {
        await run('write', ['revoke', [text, expires]])
      },
      async since(after) {
        const entries = ['revocations', [after, now()]] as const
        const [generation, found] = await run('read', ['generation', []], entries)
        return pageOf(plainRows(generation)[0], plainRows(found))
      },
    },

    async sweep() {
      for (let removed = 0; ;) {
        const expired = { now: now(), most: SWEPT_AT_ONCE }
        const sweeps = ['sweepSessions', 'sweepMarks', 'sweepRevocations'] as const
        const results = await run('write', ...sweeps.map((verb) => [verb, expired] as const))
        const batch = results.reduce((sum, { rowsAffected }) => sum + rowsAffected, 0)
        removed += batch
        if (batch < SWEPT_AT_ONCE) return removed
      }
    },

    close: () => undefined,
  }
}

/** Numbers come as the app has set it. */
function plainRows(result: Result | undefined): Row[] {
  const { columns: names, rows } = result ?? { columns: [], rows: [] }
  return (rows as Row[]).map((row) =>
    Object.fromEntries(names.map((name) => [name, plain(row[name])])),
  )
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
