import { SessionError } from '../../errors.ts'
import type { Lent } from '../sql/calls.ts'
import type { Row, Statement } from '../sql/statements.ts'

type Answer = PromiseLike<{ readonly rows: readonly unknown[] }>
type Listener = (...values: any[]) => void

/** What is used of a `Pool` of `pg`. */
export interface PgPool {
  readonly totalCount: number
  connect(done: (error: Error | undefined, connection: PgConnection | undefined) => void): void
  on(event: 'error', listener: Listener): unknown
  off(event: 'error', listener: Listener): unknown
}

/** A connection of its. */
export interface PgConnection {
  query(query: { name?: string; text: string; values?: unknown[] }): Answer
  on(event: string, listener: Listener): unknown
  off(event: string, listener: Listener): unknown
  release(destroy?: boolean): void
}

/** What is used of a `Client` of `pg`. */
export interface PgClient {
  query(text: string, values?: unknown[]): Answer
  on(event: string, listener: Listener): unknown
  off(event: string, listener: Listener): unknown
}

/** What is used of PGlite. */
export interface PgLite {
  query(text: string, values?: unknown[]): Answer
  listen(channel: string, hear: (message: string) => void): Promise<() => Promise<void>>
}

/** What is used of `postgres.js`. */
export interface PostgresJs {
  unsafe(
    text: string,
    values?: (string | number | null)[],
    options?: { prepare?: boolean },
  ): PromiseLike<readonly unknown[]> & { cancel(): void; state?: unknown }
  listen(
    channel: string,
    hear: (message: string) => void,
    listening: () => void,
  ): Promise<{ unlisten(): Promise<void> }>
}

/** A client for PostgreSQL: a `Pool` or `Client` of `pg`, `postgres.js`, or PGlite. */
export type PostgresClient = PgPool | PgClient | PgLite | PostgresJs

export interface PostgresConnection extends Lent {
  query(statement: Statement, values: (string | number | null)[]): Promise<readonly Row[]>
}

/** A connection that hears what is told on a channel. */
export interface Listening {
  /** Tells the channel nothing, to hear that. */
  beat(): PromiseLike<unknown>
  end(): unknown
}

/** A client as the store uses it, whichever it is. */
export interface PostgresAccess {
  lend(): Promise<PostgresConnection>
  /** @param lost is told when messages may have been missed */
  listen(channel: string, hear: (message: string) => void, lost: () => void): Promise<Listening>
}

/** @throws SessionError `invalid_option` */
export function accessTo(client: PostgresClient): PostgresAccess {
  const has = (name: string): boolean => typeof Reflect.get(Object(client), name) === 'function'
  if (has('unsafe')) return throughPostgresJs(client as PostgresJs)
  if (has('connect') && 'totalCount' in client) return throughPool(client)
  if (has('query') && has('listen')) return throughPgLite(client as PgLite)
  if (has('query') && has('on')) return throughClient(client as PgClient)
  throw new SessionError(
    'invalid_option',
    'postgres() needs a Pool of pg, a client of postgres.js, or PGlite',
  )
}

const ignore = (): void => undefined

function throughPool(pool: PgPool): PostgresAccess {
  // Without a listener the end of an idle connection would end the process; the next call takes
  // another one.
  pool.off('error', ignore)
  pool.on('error', ignore)
  // By a callback, since a connection may fail before a promise tells of it.
  const connect = (): Promise<PgConnection> =>
    new Promise((resolve, reject) => {
      pool.connect((error, connection) => {
        if (!connection) return reject(error)
        connection.on('error', ignore)
        resolve(connection)
      })
    })
  return {
    async lend() {
      const connection = await connect()
      return {
        query: (statement, values) =>
          rowsOf(connection.query({ name: statement.name, text: statement.text, values })),
        release(broken) {
          if (!broken) connection.off('error', ignore)
          connection.release(broken)
        },
      }
    },
    async listen(channel, hear, lost) {
      const connection = await connect()
      connection.on('end', lost)
      connection.on('notification', ({ payload }: { payload: string }) => hear(payload))
      // Not waited for: what follows on this connection is heard only if this was carried out.
      connection.query({ text: `LISTEN "${channel}"` }).then(ignore, lost)
      return {
        beat: () => connection.query({ text: `NOTIFY "${channel}"` }),
        end: () => connection.release(true),
      }
    },
  }
}

function throughClient(client: PgClient): PostgresAccess {
  let last: PromiseLike<unknown> = Promise.resolve()
  // A Client of pg 9 takes one query at a time.
  const query = (text: string, values?: unknown[]): Answer => {
    const answer = last.then(() => client.query(text, values))
    last = answer.then(ignore, ignore)
    return answer
  }
  return {
    lend: alwaysThere(query),
    async listen(channel, hear, lost) {
      const hearOwn = (message: { channel: string; payload: string }): void => {
        if (message.channel === channel) hear(message.payload)
      }
      client.on('notification', hearOwn)
      query(`LISTEN "${channel}"`).then(ignore, lost)
      return {
        beat: () => query(`NOTIFY "${channel}"`),
        end() {
          client.off('notification', hearOwn)
          query(`UNLISTEN "${channel}"`).then(ignore, ignore)
        },
      }
    },
  }
}

function throughPgLite(client: PgLite): PostgresAccess {
  return {
    lend: alwaysThere((text, values) => client.query(text, values)),
    async listen(channel, hear) {
      const unlisten = await client.listen(channel, hear)
      return { beat: () => client.query(`NOTIFY "${channel}"`), end: unlisten }
    },
  }
}

function alwaysThere(query: (text: string, values: unknown[]) => Answer): PostgresAccess['lend'] {
  const connection: PostgresConnection = {
    query: ({ text }, values) => rowsOf(query(text, values)),
    release: ignore,
  }
  return async () => connection
}

async function rowsOf(answer: Answer): Promise<readonly Row[]> {
  return (await answer).rows as Row[]
}

function throughPostgresJs(sql: PostgresJs): PostgresAccess {
  return {
    async lend() {
      let asked: ReturnType<PostgresJs['unsafe']> | undefined
      return {
        async query({ text }, values) {
          asked = sql.unsafe(text, values, { prepare: true })
          return (await asked) as readonly Row[]
        },
        release() {
          // What waits in its queue has no state yet. What was sent is left alone: to cancel that
          // takes a new connection, whose failure would be nobody's and end the process.
          if (asked?.state === null) asked.cancel()
        },
      }
    },
    async listen(channel, hear, lost) {
      let listened = false
      const again = (): void => {
        if (listened) lost()
        listened = true
      }
      const listener = await sql.listen(channel, hear, again)
      return {
        beat: () => sql.unsafe(`NOTIFY "${channel}"`),
        end: () => listener.unlisten().catch(ignore),
      }
    },
  }
}
