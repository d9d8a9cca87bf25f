import { SessionError } from '../errors.ts'
import type { SessionRecord } from '../session/record.ts'
import { type Steps, wait } from '../session/steps.ts'
import type { Fields } from '../token/fields.ts'
import { type Dict, memberOf, pythonText } from './python-json.ts'
import { type Digest, isEqual, saltedHmac } from './signing.ts'
import type { DjangoUser, Users } from './users.ts'

/** Who may be logged in, and how that is seen. */
export interface AuthSettings {
  readonly users: Users
  readonly fields: Fields
  /** `SECRET_KEY`, then its fallbacks. */
  readonly secrets: readonly [string, ...string[]]
  /** `AUTHENTICATION_BACKENDS`; logins here are the first one's. */
  readonly backends: readonly [string, ...string[]]
}

/** Where a login lies among the data, unseen by session code. */
const ID = '_auth_user_id'
const BACKEND = '_auth_user_backend'
const HASH = '_auth_user_hash'

export const LOGIN_NAMES: readonly string[] = [ID, BACKEND, HASH]

const SALT = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash'
const SHA1_LENGTH = 40

/** `get_session_auth_hash()`: another one as soon as the password is. */
export function authHash(password: string, secret: string, digest?: Digest): string {
  return saltedHmac(SALT, password, secret, digest).toString('hex')
}

/** Whether a login was made with this password; Django 3.2 may have hashed it with SHA-1. */
export function isAuthHash(given: string, password: string, secrets: readonly string[]): boolean {
  const digest = given.length === SHA1_LENGTH ? 'sha1' : 'sha256'
  return secrets.some((secret) => isEqual(given, authHash(password, secret, digest)))
}

/**
 * Who is logged in, as `django.contrib.auth.get_user()` finds it: nobody, if the user is gone, not
 * active, or of a backend that is not in use.
 *
 * @returns `'over'` if the password is another one since: the session ends (DJG-09)
 */
export function* findLogin(
  members: Dict,
  { users, fields, secrets, backends }: AuthSettings,
): Steps<Pick<SessionRecord, 'userId' | 'ownerId' | 'claims'> | 'over'> {
  const [userId, backend, given] = [ID, BACKEND, HASH].map((name) => memberOf(members, name))
  const nobody = { userId: undefined, claims: '{}' }
  if (typeof userId !== 'string') return nobody
  const user = backends.includes(String(backend)) ? yield* wait(users.find(userId)) : undefined
  if (!isActive(user)) return { ...nobody, ownerId: userId }
  if (typeof given !== 'string' || !isAuthHash(given, user.password, secrets)) return 'over'
  return { userId, claims: claimsOf(fields, user) }
}

/** @throws SessionError `invalid_user` */
export function* addLogin(
  members: Dict,
  userId: string,
  { users, secrets, backends }: AuthSettings,
): Steps<void> {
  const user = yield* wait(users.find(userId))
  if (!isActive(user)) {
    const message = 'Django knows no active user of the id given to login()'
    throw new SessionError('invalid_user', message)
  }
  members.set(ID, pythonText(userId))
  members.set(BACKEND, pythonText(backends[0]))
  members.set(HASH, pythonText(authHash(user.password, secrets[0])))
}

function isActive(user: DjangoUser | null | undefined): user is DjangoUser {
  return user !== null && user !== undefined && user.is_active !== false
}

/** A value that no token can carry is told of at login and at renewal; who it is holds all the same. */
function claimsOf(fields: Fields, user: DjangoUser): string {
  try {
    return JSON.stringify(fields.project(user))
  } catch {
    return '{}'
  }
}
