import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKey } from '../../../src/cli/keygen.ts'
import { createSessions, type Sessions } from '../../../src/sessions.ts'
import { memory } from '../../../src/stores/memory.ts'
import { login } from '../../../src/testing/index.ts'
import { REVOCATIONS_PATH } from '../../../src/well-known/documents.ts'
import { importKey, type Algorithm } from '../../../src/token/key.ts'
import { type LocalKey, randomSecret } from '../../token/fixtures.ts'

export const COOKIE = '__Host-session'
export const ALICE = { id: 'alice', roles: ['admin', 'éditrice'] }

/** A real app, as its neighbours see it: cookies, and documents under an address. */
export interface App extends AsyncDisposable {
  readonly alg: Algorithm
  /** Its address, and the issuer of its tokens. */
  readonly origin: string
  readonly sessions: Sessions
  readonly key: LocalKey
  /** Its key: the text of a private JWK, or the secret of HS256. */
  readonly keyText: string
  /** The value of the cookie of a new session of Alice. */
  logIn(): Promise<string>
  /** What it publishes in place of its list of revocations. */
  list: string | undefined
  /** How often it was asked for that list. */
  readonly asked: number
  /** Answers nobody from now on. */
  shut(): void
}

export async function startApp(alg: Algorithm): Promise<App> {
  const keyText = alg === 'HS256' ? randomSecret() : JSON.stringify(generateKey(alg))
  const server = createServer((request, response) => {
    const isList = request.url === REVOCATIONS_PATH
    if (isList) app.asked++
    if (isList && app.list !== undefined) response.end(app.list)
    else if (alg !== 'HS256') sessions.wellKnown(request, response)
    else response.writeHead(404).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sessions = createSessions({
    keys: keyText,
    issuer: origin,
    fields: [
      ['id', 'uid', 'userId'],
      ['roles', 'r', 'roles'],
    ],
    cookie: { name: COOKIE, secure: true },
    store: memory(),
  })
  const shut = (): void => {
    server.close()
    server.closeAllConnections()
  }
  const app = {
    alg,
    origin,
    sessions,
    key: importKey(keyText) as LocalKey,
    keyText,
    list: undefined as string | undefined,
    asked: 0,
    logIn: async () => (await login(sessions, ALICE)).value,
    shut,
    async [Symbol.asyncDispose]() {
      shut()
      await sessions.close()
    },
  }
  return app
}

/** The cookie of a session of nobody. */
export async function anonymousCookie({ sessions }: App): Promise<string> {
  const visit = await sessions.open({ cookie: undefined, method: 'POST', navigation: false })
  Object.assign(visit.session, { cart: ['apple'] })
  const { cookies } = await visit.commit({ status: 200, cacheControl: undefined })
  return cookies[0]!.value
}
