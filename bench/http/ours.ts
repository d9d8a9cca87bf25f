import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createSessions, type Duration, type Sessions, type Store } from 'symbolon'
import type { Data, User, Words } from './words.ts'

/** Who has our sessions, in each framework. */
export interface SessionHolder {
  readonly session: {
    login(user: User, options: { keep: readonly string[] }): Promise<void>
  }
  readonly auth: { readonly [name: string]: unknown } | undefined
}

/** @param secret whether tokens are signed by HMAC, as others sign, and not by a pair (ES256) */
export function ourSessions(store: Store, maxStale: Duration = 0, secret = false): Sessions<User> {
  return createSessions<User>({
    keys: secret
      ? randomBytes(32).toString('base64url')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    fields: [
      ['id', 'uid', 'userId'],
      ['roles', 'r', 'roles'],
    ],
    store,
    maxStale,
  })
}

/** @param holder of a framework's context */
export function ourWords<Context>(holder: (context: Context) => SessionHolder): Words<Context> {
  return {
    login(context, user, data) {
      const { session } = holder(context)
      return Object.assign(session, data).login(user, { keep: Object.keys(data) })
    },
    userId: (context) => holder(context).auth?.['userId'] as string | undefined,
    data: (context) => holder(context).session as Data,
  }
}
