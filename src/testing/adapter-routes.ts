import type { AdapterBench, SuiteApp } from './adapter-bench.ts'

export const ADA = { id: 'ada' }
export const BOB = { id: 'bob' }

/** The app of the adapter suite. */
export function adapterRoutes(bench: AdapterBench): SuiteApp {
  return {
    '/plain': () => ({ body: 'plain' }),
    '/read': ({ session }) => ({ body: String(session['count']) }),
    '/auth': ({ auth }) => ({ body: auth?.sub ?? 'anonymous' }),
    '/both': ({ auth, session }) => ({ body: `${auth?.sub} ${session['count']}` }),
    '/count': ({ session }) => ({ body: String((session['count'] = (session['count'] ?? 0) + 1)) }),
    '/id': ({ session }) => ({ body: session.id }),

    '/login': async ({ session }) => {
      await session.login(ADA)
      return { status: 303, headers: [['Location', '/auth']], body: 'logged in' }
    },
    '/login-bob': async ({ session }) => {
      await session.login(BOB, { keep: ['count'] })
      return { body: 'logged in' }
    },
    '/login-keep': async ({ session }) => {
      await session.login(ADA, { keep: ['count'] })
      return { body: 'logged in' }
    },
    '/login-not-awaited': ({ session }) => {
      void session.login(ADA)
      return { body: 'logged in' }
    },
    '/login-then-fail': async ({ session }) => {
      await session.login(ADA)
      return { status: 500, body: 'something else failed' }
    },
    '/logout': async ({ session }) => {
      await session.logout()
      return { body: 'logged out' }
    },
    '/regenerate': async ({ session }) => {
      await session.regenerate()
      session['after'] = true
      return { body: 'regenerated' }
    },
    '/twice': async ({ session }) => {
      session['count'] = 1
      await session.save()
      await session.login(ADA)
      session['count'] = 2
      return { body: 'twice' }
    },

    '/count-then-fail': ({ session }) => {
      session['count'] = (session['count'] ?? 0) + 1
      return { status: 500, body: 'failed' }
    },
    '/save-then-fail': async ({ session }) => {
      session['count'] = (session['count'] ?? 0) + 1
      await session.save()
      return { status: 500, body: 'failed' }
    },
    '/throw': ({ session }) => {
      session['count'] = 100
      throw new Error('a route throws')
    },
    '/wait-then-count': async ({ session }) => {
      const count = session['count'] ?? 0
      await bench.gate.pass()
      session['count'] = count + 1
      return { body: 'counted' }
    },

    '/cookies': ({ session }) => {
      session['count'] = 1
      const headers = ['first=1; Path=/', '__Host-session=forged; Path=/', 'second=2', 'first=3']
      return { headers: headers.map((value) => ['Set-Cookie', value]), body: 'cookies' }
    },
    '/vary': ({ auth }) => ({ headers: [['Vary', 'Accept-Encoding']], body: String(auth?.sub) }),
    '/vary-cookie': ({ auth }) => ({ headers: [['Vary', 'x, COOKIE']], body: String(auth?.sub) }),
    '/vary-all': ({ auth }) => ({ headers: [['Vary', '*']], body: String(auth?.sub) }),
    '/public': () => ({ headers: [['Cache-Control', 'public, max-age=60']], body: 'for all' }),
    '/public-auth': ({ auth }) => ({
      headers: [['Cache-Control', 'public, max-age=60']],
      body: auth?.sub ?? 'anonymous',
    }),
    '/public-count': ({ session }) => ({
      headers: [['Cache-Control', 'public, max-age=60']],
      body: String((session['count'] = (session['count'] ?? 0) + 1)),
    }),
    '/no-store-count': ({ session }) => ({
      headers: [['Cache-Control', 'no-store, private']],
      body: String((session['count'] = 1)),
    }),

    '/204': ({ session }) => {
      session['count'] = 1
      return { status: 204 }
    },
    '/304': ({ auth }) => ({ status: auth === undefined ? 200 : 304 }),
    '/stream': ({ session }) => {
      session['count'] = 1
      return { body: chunks(['one ', 'two ', 'three']) }
    },
    '/flush': ({ session }) => {
      session['count'] = 1
      return { flush: true, body: chunks(['one ', 'two ', 'three']) }
    },
    '/long': ({ session }) => {
      session['count'] = 1
      return { body: chunks(Array.from({ length: 40 }, () => 'x'.repeat(8192))) }
    },
    '/late': ({ session }) => ({ flush: true, body: late(() => session.login(ADA)) }),
  }
}

async function* chunks(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts
}

/** What happens to an operation whose cookie comes too late. */
async function* late(operation: () => Promise<void>): AsyncGenerator<string> {
  yield 'head '
  try {
    await operation()
    yield 'done'
  } catch (error) {
    yield (error as { code: string }).code
  }
}
