// Compiled by `npm run types`, never run: what defineFields must infer and refuse.
import { type AuthOf, type Fields, defineFields } from '../../src/token/fields.ts'

interface User {
  id: number
  roles: string[]
  nickname?: string
  email: string | null
  org?: { name: string; address: { city: string } | null }
  born: Date
  cents: bigint
  greet(): string
}

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type AuthOfFields<T> = T extends Fields<any, infer Auth> ? Auth : never

export const fields = defineFields<User>()([
  ['id', 'uid', 'userId'],
  ['roles', 'r'],
  ['nickname'],
  'email',
  'org.name',
  ['org.address.city', 'c', 'city'],
])

export const infersNamesAndTypes: Equal<
  AuthOfFields<typeof fields>,
  {
    readonly uid: number
    readonly userId: number
    readonly r: string[]
    readonly nickname?: string
    readonly email: string | null
    readonly 'org.name'?: string
    readonly c?: string
    readonly city?: string
  }
> = true

const forms = [['id', 'uid'], 'org.name'] as const
export const takesAConstant = defineFields<User>()(forms)
export const namesTheType: Equal<
  AuthOf<User, typeof forms>,
  AuthOfFields<typeof takesAConstant>
> = true

type Either = { id: number; admin: true } | { id: string }
const either = defineFields<Either>()(['id', 'admin'])
export const takesUnions: Equal<
  AuthOfFields<typeof either>,
  { readonly id: number | string; readonly admin?: true }
> = true

export const takesAnything = defineFields<any>()(['id', ['a.b', 'c']])
export const takesNothing = defineFields<User>()([])

// @ts-expect-error no such attribute
defineFields<User>()(['name'])
// @ts-expect-error no such attribute at the end of a path
defineFields<User>()([['org.street', 's']])
// @ts-expect-error a path through a value that has no members of that name
defineFields<User>()(['id.value'])
// @ts-expect-error a date is no JSON
defineFields<User>()(['born'])
// @ts-expect-error nor is a bigint
defineFields<User>()([['cents', 'c']])
// @ts-expect-error nor is a method
defineFields<User>()(['greet'])
// @ts-expect-error four names
defineFields<User>()([['id', 'a', 'b', 'c']])
// @ts-expect-error a name is text
defineFields<User>()([['id', 1]])
// @ts-expect-error no list
defineFields<User>()('id')

declare const auth: AuthOfFields<typeof fields>
export const uid: number = auth.uid
// @ts-expect-error may be missing
export const city: string = auth.city
// @ts-expect-error not a field
void auth.password
// @ts-expect-error read-only
auth.uid = 8
