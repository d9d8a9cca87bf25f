import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export interface User {
  readonly id: number
  readonly login: string
  readonly name: string
  readonly roles: readonly string[]
}

/** What a table of users would hold beside them. */
interface Password {
  readonly salt: Buffer
  readonly hash: Buffer
}

/** The passwords are told to everybody, so that everybody can try the demo. */
export const LOGINS = [
  { login: 'ada', password: 'first-half', name: 'Ada', roles: ['author', 'admin'] },
  { login: 'grace', password: 'other-half', name: 'Grace', roles: ['author'] },
  { login: 'theo', password: 'whole-coin', name: 'Theo', roles: ['reader'] },
] as const

const users: readonly User[] = LOGINS.map(({ login, name, roles }, index) => ({
  id: index + 1,
  login,
  name,
  roles,
}))
const passwords = new Map<string, Password>()
for (const { login, password } of LOGINS) passwords.set(login, await hashPassword(password))
/** Hashed for unknown names, so that they take as long as known ones. */
const nobodys = await hashPassword(randomBytes(16).toString('hex'))

export function findUser(id: string): User | null {
  return users.find((user) => String(user.id) === id) ?? null
}

/** @returns the user, or undefined if what a form brought does not belong together */
export async function authenticate(form: Record<string, unknown> = {}): Promise<User | undefined> {
  const { name, password } = form
  if (typeof name !== 'string' || typeof password !== 'string') return undefined
  const { salt, hash } = passwords.get(name) ?? nobodys
  const matches = timingSafeEqual(await derive(password, salt), hash)
  return matches ? users.find(({ login }) => login === name) : undefined
}

async function hashPassword(password: string): Promise<Password> {
  const salt = randomBytes(16)
  return { salt, hash: await derive(password, salt) }
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return promisify<string, Buffer, number, Buffer>(scrypt)(password.normalize(), salt, 32)
}
