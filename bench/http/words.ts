import type { MaybePromise } from 'symbolon'

/** Who logs in. */
export interface User {
  readonly id: string
  readonly roles: readonly string[]
}

/** What an app keeps in a session, beside the user. */
export interface Data {
  theme?: string
  visits?: number
}

/** What libraries without users of their own keep in a session. */
export interface UserData extends Data {
  user?: User
}

/** How one library says the things that an app says, of the requests of one framework. */
export interface Words<Context> {
  readonly login: (context: Context, user: User, data: Required<Data>) => unknown
  readonly userId: (context: Context) => MaybePromise<string | undefined>
  readonly data: (context: Context) => MaybePromise<Data>
  /** Of a library that does not find changes by itself. */
  readonly save?: (context: Context, data: Data) => unknown
}

/** A session library, and how it is mounted in the framework's app. */
export interface Peer<App, Context> {
  readonly mount?: (app: App) => unknown
  readonly words: Words<Context>
}

/** What a request is answered; the same app for every framework and library. */
export interface Routes<Context> {
  readonly identity: (context: Context) => MaybePromise<Answer>
  readonly read: (context: Context) => MaybePromise<Answer>
  readonly write: (context: Context) => MaybePromise<Answer>
  readonly login: (context: Context) => Promise<Answer>
}

export interface Answer {
  readonly value: unknown
}

export const PATHS = ['identity', 'read', 'write'] as const

export function routesOf<Context>({ login, userId, data, save }: Words<Context>): Routes<Context> {
  let logins = 0
  return {
    identity: (context) => andThen(userId(context), (id) => ({ value: id ?? 'nobody' })),
    read: (context) => andThen(data(context), ({ theme }) => ({ value: theme })),
    write: (context) =>
      andThen(data(context), (session) => {
        session.visits = (session.visits ?? 0) + 1
        return andThen(save?.(context, session), () => ({ value: session.visits }))
      }),
    async login(context) {
      const user = { id: `${logins++}`, roles: ['editor', 'billing'] }
      await login(context, user, { theme: 'dark', visits: 0 })
      return { value: 'welcome' }
    },
  }
}

/** Where most libraries put it. */
export function sessionOf(request: object): UserData {
  return (request as { session: UserData }).session
}

/** At once for what answers at once: who needs no promise is not made to wait for one. */
export function andThen<T, U>(value: T, next: (value: Awaited<T>) => U): U | Promise<Awaited<U>> {
  if (!(value instanceof Promise)) return next(value as Awaited<T>)
  return value.then(next) as Promise<Awaited<U>>
}

/** An app without sessions: what the framework itself takes. */
export const NO_SESSIONS: Peer<unknown, unknown> = {
  words: { login: () => undefined, userId: () => '7', data: () => ({ theme: 'dark' }) },
}
