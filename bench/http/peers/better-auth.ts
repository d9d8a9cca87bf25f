import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { expressApp } from '../hosts/express.ts'
import { load } from '../load.ts'

interface BetterAuth {
  readonly api: {
    signUpEmail(call: object): Promise<Response>
    getSession(call: object): Promise<{ user: { name: string } } | null>
  }
}

const CACHED_FOR_SECONDS = 300

/** With its cookie cache: who the user is, from a cookie that is believed for so long. */
export function app(): RequestListener {
  const { betterAuth } = load('better-auth') as { betterAuth: (options: object) => BetterAuth }
  const { memoryAdapter } = load('better-auth/adapters/memory') as {
    memoryAdapter: (tables: object) => unknown
  }
  const { fromNodeHeaders } = load('better-auth/node') as {
    fromNodeHeaders: (headers: IncomingHttpHeaders) => Headers
  }
  const { api } = betterAuth({
    secret: randomBytes(32).toString('hex'),
    baseURL: 'http://127.0.0.1',
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    // It hashes passwords at a sign-up, which is none of what is measured.
    emailAndPassword: {
      enabled: true,
      password: { hash: async () => 'hash', verify: async () => true },
    },
    session: { cookieCache: { enabled: true, maxAge: CACHED_FOR_SECONDS } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  })
  return expressApp({
    words: {
      async login(request, { id }) {
        const body = { name: id, email: `${id}@app.example`, password: 'password' }
        const { headers } = await api.signUpEmail({ body, asResponse: true })
        request.res!.append('Set-Cookie', headers.getSetCookie())
      },
      async userId({ headers }) {
        const found = await api.getSession({ headers: fromNodeHeaders(headers) })
        return found?.user.name
      },
      data: () => ({}),
    },
  })
}
