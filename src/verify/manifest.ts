import { REGISTERED_CLAIMS } from '../token/claims.ts'
import type { Field } from '../token/fields.ts'
import { checkAddress } from './address.ts'

/** The two names of a field where it is read. */
export type FieldNames = Pick<Field, 'short' | 'long'>

/** What an app says of its tokens at `/.well-known/session.json`. */
export interface Manifest {
  readonly issuer: string
  readonly jwksUri: string
  readonly cookie: string
  readonly sessionField: string
  readonly fields: readonly FieldNames[]
  /** In ms. */
  readonly tokenLife: number
  readonly revocationsUri: string | undefined
  readonly refreshUri: string | undefined
}

export interface ManifestRules {
  readonly issuer: string
  /** Nothing is fetched from anywhere else, whatever the manifest says (FED-08). */
  readonly origins: ReadonlySet<string>
  readonly allowHttp: boolean
}

/** @throws Error, SessionError if it is not what an app publishes, or not the manifest of this one */
export function readManifest(text: string, rules: ManifestRules): Manifest {
  const written = JSON.parse(text) as Record<string, unknown>
  const { issuer, cookie, session_field: sessionField, fields, token_life: tokenLife } = written
  if (!isText(issuer) || new URL(issuer).href !== new URL(rules.issuer).href) {
    throw new Error('The manifest is of another issuer: is the option issuer right?')
  }
  const address = (name: string): string | undefined => {
    const value = written[name]
    if (!isText(value)) return undefined
    const url = checkAddress(value, name, rules.allowHttp)
    if (rules.origins.has(url.origin)) return url.href
    throw new Error(`${name} is of another origin: is the option origins right?`)
  }
  const jwksUri = address('jwks_uri')
  const named = isText(cookie) && isText(sessionField) && jwksUri !== undefined
  if (!named || !Array.isArray(fields) || !fields.every(isField)) {
    throw new Error('The manifest is incomplete')
  }
  return {
    issuer,
    jwksUri,
    cookie,
    sessionField,
    fields,
    tokenLife: typeof tokenLife === 'number' ? tokenLife * 1000 : Infinity,
    revocationsUri: address('revocations_uri'),
    refreshUri: address('refresh_uri'),
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

const NEVER: readonly unknown[] = [...REGISTERED_CLAIMS, '__proto__']

function isField(field: unknown): field is FieldNames {
  const { short, long } = (field ?? {}) as Partial<FieldNames>
  return isText(short) && isText(long) && ![short, long].some((name) => NEVER.includes(name))
}
