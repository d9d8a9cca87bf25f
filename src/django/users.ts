import { SessionError } from '../errors.ts'
import type { MaybePromise } from '../session/record.ts'
import { type Steps, wait, walk } from '../session/steps.ts'
import type { Row } from '../stores/sql/statements.ts'
import { quote } from './database-rows.ts'
import type { ColumnTime } from './local-time.ts'
import type { Sql } from './sql.ts'

/** A user as FIELDS are read from it, with what says whether a login still holds. */
export interface DjangoUser {
  /** The primary key. */
  readonly id: string | number | bigint
  /** The column as it is: algorithm, salt and hash. */
  readonly password: string
  /** Users who are not are anonymous; default true. */
  readonly is_active?: boolean
  readonly [attribute: string]: unknown
}

/** Where users are, if not in `auth_user`. */
export interface UserTable {
  /** Default `'auth_user'`. */
  readonly table?: string
  /** The column of the primary key; default `'id'`. */
  readonly key?: string
  /**
   * Attribute of FIELDS → column, or an expression of SQL in parentheses; by default the column of
   * the attribute's name. `{ 'profile.company': '(SELECT company FROM profile WHERE user_id = id)' }`
   */
  readonly columns?: Readonly<Record<string, string>>
  /** Whether a login here sets `last_login`, as Django's does; default false. */
  readonly lastLogin?: boolean
}

/** Finds a user by the text of the primary key. */
export type FindUser = (id: string) => MaybePromise<DjangoUser | null | undefined>

export interface Users {
  readonly find: FindUser
  /** Notes the time of a login, where that is wanted. */
  readonly loggedIn?: (id: string, now: number) => MaybePromise<unknown>
}

const ALWAYS = ['password', 'is_active']

/**
 * Users in a table of Django's database.
 *
 * @param attributes what FIELDS need, dots included
 * @throws SessionError `invalid_option`
 */
export function usersInTable(
  sql: Sql,
  { table = 'auth_user', key = 'id', columns = {}, lastLogin = false }: UserTable,
  attributes: readonly string[],
  time: ColumnTime,
): Users {
  const wanted = [...new Set(['id', ...ALWAYS, ...attributes, ...Object.keys(columns)])]
  const name = quote(table, sql.dialect)
  const keyColumn = quote(key, sql.dialect)
  const expressionOf = (attribute: string): string => {
    const column = columns[attribute] ?? (['id', 'pk'].includes(attribute) ? key : attribute)
    if (column.startsWith('(')) return column
    if (!column.includes('.')) return quote(column, sql.dialect)
    throw new SessionError(
      'invalid_option',
      `user.columns must say how to find "${attribute}", which is no column of ${table}; or give user as a function`,
    )
  }
  const list = wanted.map((attribute, index) => `${expressionOf(attribute)} AS c${index}`)
  const select = `SELECT ${list.join(', ')} FROM ${name} WHERE ${keyColumn} IN (:id, :bare)`
  const login = `UPDATE ${name} SET last_login = :time WHERE ${keyColumn} IN (:id, :bare)`
  function* find(id: string): Steps<DjangoUser | undefined> {
    const [row] = yield* wait(sql.select(select, { id, bare: bare(id) }))
    return row && userOf(row, wanted)
  }
  const timeText = (now: number): string =>
    sql.dialect === 'postgres' ? new Date(now).toISOString() : time.text(now)
  return {
    find: (id) => walk(find(id)),
    ...(lastLogin && {
      loggedIn: (id, now) => sql.change(login, { id, bare: bare(id), time: timeText(now) }),
    }),
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A UUID lies without hyphens where the database has no type for it. */
function bare(id: string): string {
  return UUID.test(id) ? id.replaceAll('-', '') : id
}

/** Attributes with dots stand in objects of objects, as FIELDS look for them. */
function userOf(row: Row, attributes: readonly string[]): DjangoUser {
  const user: Record<string, unknown> = {}
  for (const [index, attribute] of attributes.entries()) {
    const path = attribute.split('.')
    const last = path.pop() as string
    const value = valueOf(last, row[`c${index}`])
    if (value === null && path.length > 0) continue
    let object = user
    for (const name of path) object = (object[name] ??= {}) as Record<string, unknown>
    object[last] = value
  }
  return user as DjangoUser
}

/** SQLite and MySQL hold booleans as numbers, and `pg` gives large integers as text. */
function valueOf(name: string, value: unknown): unknown {
  if (name.startsWith('is_') && (value === 0 || value === 1)) return value === 1
  const isInteger = typeof value === 'string' && /^[1-9]\d{0,14}$/.test(value)
  return isInteger && ['id', 'pk'].includes(name) ? Number(value) : value
}
