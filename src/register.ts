import type { Session } from './session/session.ts'
import type { Verifier } from './verify/verifier.ts'

/**
 * Augment this once to type `req.session` and `req.auth` in every framework. A service that only
 * verifies says `verify: typeof verify` instead.
 *
 * @example
 * declare module 'symbolon' {
 *   interface Register {
 *     sessions: typeof sessions
 *     data: { cart: string[] }
 *   }
 * }
 */
export interface Register {}

/** What the app keeps in a session; every property may be missing. */
export type SessionData = Register extends { data: infer Data extends object }
  ? Partial<Data>
  : Record<string, any>

/** Who the user of a living session is: `sub` and the fields under their short and long names. */
export type RequestAuth = Register extends { sessions: { readonly $auth: infer Auth } }
  ? Auth
  : Register extends { verify: Verifier<infer Claims> }
    ? Claims
    : { readonly sub: string } & Readonly<Record<string, any>>

/** What `login()` takes. */
export type RegisteredUser = Register extends { sessions: { readonly $user: infer User } }
  ? User
  : any

/** The session of a request: the app's data, and what a session can do. */
export type SessionObject<User = RegisteredUser, Data = SessionData> = Session<User> & Data
