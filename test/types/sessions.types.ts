// Compiled by `npm run types`, never run: what must compile does, and what must not does not.
import type { RequestAuth, SessionObject } from '../../src/register.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login, testSessions } from '../../src/testing/index.ts'
import { defineFields } from '../../src/token/fields.ts'

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const is = <_Holds extends true>(): void => {}

interface User {
  id: number
  roles: string[]
  org?: { name: string }
}

const sessions = createSessions({
  keys: 'x',
  fields: defineFields<User>()([['id', 'uid', 'userId'], ['roles', 'r', 'roles'], 'org.name']),
  claims: (user) => ({ plan: user === undefined ? 'free' : 'paid' }),
  user: (id) => ({ id: Number(id), roles: [] }),
})
type Auth = (typeof sessions)['$auth']
declare const auth: Auth
is<Equals<typeof auth.sub, string>>()
is<Equals<typeof auth.uid, number>>()
is<Equals<typeof auth.userId, number>>()
is<Equals<typeof auth.r, string[]>>()
is<Equals<(typeof auth)['org.name'], string | undefined>>()
is<Equals<typeof auth.plan, string>>()
// @ts-expect-error: no field of this name
void auth.email
// @ts-expect-error: who the user is cannot be set
auth.uid = 8

is<Equals<(typeof sessions)['$user'], User>>()
void login(sessions, { id: 7, roles: [] })
// @ts-expect-error: not a user
void login(sessions, { name: 'x' })
void login(sessions, { id: 7, roles: [] }, { data: { cart: ['apple'] } })
// @ts-expect-error: data have a place of their own
void login(sessions, { id: 7, roles: [] }, { cart: ['apple'] })

const tested = testSessions({ fields: defineFields<User>()(['id']), idle: '1h', alg: 'HS256' })
is<Equals<(typeof tested.sessions)['$user'], User>>()
is<Equals<(typeof tested.sessions)['$auth']['id'], number>>()
void tested.login({ id: 7, roles: [] })
// @ts-expect-error: not a user
void tested.login({ name: 'x' })
// @ts-expect-error: no such option
testSessions({ maxAge: 5 })
// @ts-expect-error: no such algorithm
testSessions({ alg: 'none' })

createSessions<User>({ keys: undefined, store: memory(), tokenLife: '15m', idle: 5000 })
// @ts-expect-error: keys must be named, though they may be missing at run time
createSessions({})
// @ts-expect-error: no such unit
createSessions({ keys: 'x', tokenLife: '15min' })
// @ts-expect-error: no such option
createSessions({ keys: 'x', maxAge: 5 })
// @ts-expect-error: SameSite is written as the header has it
createSessions({ keys: 'x', cookie: { sameSite: 'lax' } })
// @ts-expect-error: user() must find a user of the fields' type
createSessions({ keys: 'x', fields: defineFields<User>()(['id']), user: () => ({ name: 'x' }) })

// Without a registration nothing is known, and nothing stands in the way.
declare const session: SessionObject
session['cart'] = ['apple']
session.cart = 5
void session.login({ anything: 1 }, { keep: ['cart'] })
void session.save()
session.save((error) => void error)
// @ts-expect-error: the session's own
session.id = 'x'
declare const anyone: RequestAuth
is<Equals<typeof anyone.sub, string>>()
is<Equals<Awaited<ReturnType<typeof session.update<number>>>, number>>()

// A registration types the rest: as an app writes it.
type Registered = { sessions: typeof sessions; data: { cart: string[] } }
type AuthOf<R> = R extends { sessions: { readonly $auth: infer A } } ? A : never
is<Equals<AuthOf<Registered>, Auth>>()
const anySessions: Sessions = sessions
void anySessions
