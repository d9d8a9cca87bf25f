import { SessionError } from '../errors.ts'
import { copyClaimValue, isPlainObject } from './claim-values.ts'
import { REGISTERED_CLAIMS } from './claims.ts'
import { MAX_MEMBERS } from './compact.ts'
import type { AuthOf, CheckedForms, FieldForm } from './field-types.ts'

export type { AuthOf, FieldForm } from './field-types.ts'

/** One attribute of the user in its three places. */
export interface Field {
  readonly path: readonly string[]
  /** The claim in the token. */
  readonly short: string
  /** The additional name in `req.auth`. */
  readonly long: string
}

/** What of a user goes into the token, and how it is called where it is read. */
export interface Fields<User = any, Auth = Readonly<Record<string, unknown>>> {
  readonly list: readonly Field[]
  /**
   * The fields of a user under their short names. A missing attribute is left out.
   *
   * @throws SessionError `invalid_claims` naming the field
   */
  project(user: User): Record<string, unknown>
  /**
   * Checks and copies a result of the app's `claims()`; undefined members are left out.
   *
   * @throws SessionError `invalid_claims` naming the claim
   */
  checkClaims(claims: unknown): Record<string, unknown>
  /** The claims, with the fields under their long names too, in a new object. */
  expand(claims: Readonly<Record<string, unknown>>): Auth
}

export const DEFAULT_SESSION_FIELD = 'sk'

/** Names that a token's reader would take for something else, or that no object should have. */
const RESERVED_NAMES = ['sk', 'crit', '__proto__', 'constructor', 'prototype']

/**
 * Says which attributes of the user the token carries. The types of `req.auth` and of verifiers
 * follow from the list, so write it in place or `as const`.
 *
 * @returns a function that takes the list: `User` is named, the list is inferred
 * @throws SessionError `invalid_option` for a reserved name, or one that is used twice
 *
 * @example
 * interface User { id: number; roles: string[]; org?: { name: string } }
 * const fields = defineFields<User>()([['id', 'uid', 'userId'], ['roles', 'r', 'roles'], 'org.name'])
 */
export function defineFields<User>(): <const Forms extends readonly FieldForm[]>(
  forms: Forms & CheckedForms<User, Forms>,
) => Fields<User, AuthOf<User, Forms>> {
  return (forms) => createFields(forms) as Fields<any, any>
}

/**
 * Makes fields from a plain list, or fits what `defineFields` made to another session field.
 *
 * @throws SessionError `invalid_option`
 */
export function createFields(
  fields: Fields | readonly FieldForm[],
  sessionField: string = DEFAULT_SESSION_FIELD,
): Fields {
  if (fields instanceof FieldSet) return new FieldSet(fields.list, sessionField)
  if (!Array.isArray(fields)) throw invalid('give a list, or what defineFields() made')
  return new FieldSet(fields.map(parseForm), sessionField)
}

class FieldSet implements Fields {
  readonly list: readonly Field[]
  /** Names that `claims()` may not return. */
  readonly #taken: ReadonlySet<string>
  /** For so many claims beside the fields, the registered ones and the session's own. */
  readonly #room: number

  constructor(list: readonly Field[], sessionField: string) {
    const taken = new Set([...REGISTERED_CLAIMS, ...RESERVED_NAMES, sessionField])
    for (const { path, short, long } of list) {
      for (const name of new Set([short, long])) take(taken, name, path.join('.'))
    }
    const most = MAX_MEMBERS - REGISTERED_CLAIMS.length - 1
    if (list.length > most) throw invalid(`at most ${most} fields fit into a token`)
    this.#room = most - list.length
    this.list = Object.freeze([...list])
    this.#taken = taken
    Object.freeze(this)
  }

  project(user: unknown): Record<string, unknown> {
    const claims: Record<string, unknown> = {}
    for (const { path, short } of this.list) {
      const source = `the field "${path.join('.')}"`
      const value = readAttribute(user, path, source)
      if (value !== undefined) claims[short] = copyClaimValue(value, source)
    }
    return claims
  }

  checkClaims(claims: unknown): Record<string, unknown> {
    if (!isPlainObject(claims)) throw unfit('claims() must return a plain object or undefined')
    const copy: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(claims)) {
      if (!isName(name)) throw unfit('claims() returned a name that a token cannot carry')
      if (this.#taken.has(name))
        throw unfit(`claims() returned "${name}", which is reserved or a field`)
      if (value !== undefined) copy[name] = copyClaimValue(value, `the claim "${name}"`)
    }
    const room = this.#room
    if (Object.keys(copy).length > room) throw unfit(`claims() may return at most ${room} claims`)
    return copy
  }

  expand(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return expandFields(this.list, claims)
  }
}

/** The claims, with these fields under their long names too, in a new object. */
export function expandFields(
  list: readonly Pick<Field, 'short' | 'long'>[],
  claims: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const auth = { ...claims }
  for (const { short, long } of list) {
    if (Object.hasOwn(claims, short)) auth[long] = claims[short]
  }
  return auth
}

function parseForm(form: FieldForm): Field {
  const parts: readonly unknown[] = typeof form === 'string' ? [form] : form
  if (!Array.isArray(parts) || parts.length < 1 || parts.length > 3 || !parts.every(isName)) {
    throw invalid(`a field is written 'attribute' or ['attribute', 'short', 'long']`)
  }
  const [attribute, short = attribute, long = short] = parts as [string, string?, string?]
  const path = attribute.split('.')
  if (path.some((part) => part === '' || NEVER_WALKED.has(part))) {
    throw invalid(`the attribute "${attribute}" is not a path of property names`)
  }
  return Object.freeze({ path: Object.freeze(path), short, long })
}

const NEVER_WALKED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** A name without control characters, so that it can be printed, logged and made a header. */
function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u.test(name)
}

function take(taken: Set<string>, name: string, attribute: string): void {
  if (taken.has(name)) {
    throw invalid(`the name "${name}" of "${attribute}" is reserved, or another field has it`)
  }
  taken.add(name)
}

/** Own properties and getters of classes both count; a path that leads nowhere gives undefined. */
function readAttribute(user: unknown, path: readonly string[], source: string): unknown {
  let value = user
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = readProperty(value, name, source)
  }
  return value
}

function readProperty(object: object, name: string, source: string): unknown {
  try {
    return (object as Record<string, unknown>)[name]
  } catch (error) {
    throw new SessionError('invalid_claims', `Reading ${source} of the user failed`, {
      cause: error,
    })
  }
}

function invalid(problem: string): SessionError {
  return new SessionError('invalid_option', `fields: ${problem}`)
}

function unfit(problem: string): SessionError {
  return new SessionError('invalid_claims', problem)
}
