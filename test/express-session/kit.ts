import type { TestContext } from 'node:test'
import { App, type Reply, sessionCookie } from './client.ts'
import { SECRET, type Subject } from './subjects.ts'

/** What a case says of the app it needs. */
export interface Setup {
  /** Over the suite's own: a secret, and neither `resave` nor `saveUninitialized`. */
  readonly options?: Record<string, unknown>
  readonly handler?: (req: any, res: any, next: any) => unknown
  /** Middleware before the session's. */
  readonly before?: (req: any, res: any, next: any) => unknown
  /** The middleware itself, where the options do not make it. */
  readonly middleware?: (req: any, res: any, next: any) => unknown
  readonly trustProxy?: boolean
}

export interface Served {
  readonly app: App
  readonly store: any
  /** What the error handler was given, in order. */
  readonly errors: any[]
  readonly get: (
    path?: string,
    options?: { cookie?: string | undefined; headers?: object },
  ) => Promise<Reply>
  /** The session as it is stored, without what the store needs; undefined if there is none. */
  readonly stored: (id: string | undefined) => any
}

/** Makes the apps of one subject on one version of Express. */
export class Kit {
  readonly subject: Subject
  readonly #express: any

  constructor(subject: Subject, express: any) {
    this.subject = subject
    this.#express = express
  }

  /** What express-session does, and what ours does better. */
  differs<T>(theirs: T, ours: T): T {
    return this.subject.ours ? ours : theirs
  }

  middleware(options: Record<string, unknown> = {}): any {
    return this.subject.session({
      secret: SECRET,
      resave: false,
      saveUninitialized: false,
      ...options,
    })
  }

  async serve(t: TestContext, setup: Setup): Promise<Served> {
    const store: any = setup.options?.['store'] ?? new this.subject.session.MemoryStore()
    const errors: unknown[] = []
    const app = this.#express()
    app.disable('etag')
    app.set('env', 'test')
    if (setup.trustProxy) app.set('trust proxy', true)
    if (setup.before) app.use(setup.before)
    app.use(setup.middleware ?? this.middleware({ store, ...setup.options }))
    app.use(setup.handler ?? ((req: any, res: any) => res.end(String(req.session?.id))))
    app.use((error: any, _req: any, res: any, next: any) => {
      errors.push(error)
      if (res.headersSent) return next(error)
      res.statusCode = error.status ?? 500
      res.end(String(error.message))
    })
    const server = await App.start(app)
    t.after(() => server.stop())
    return {
      app: server,
      store,
      errors,
      get: (path = '/', { cookie, headers = {} } = {}) =>
        server.ask(path, { headers: headers as any, ...(cookie !== undefined && { cookie }) }),
      stored: (id) => plain(store.sessions[id ?? '']),
    }
  }

  /** An app whose sessions begin at `/begin`, and a cookie of one. */
  async begun(t: TestContext, setup: Setup): Promise<Served & { cookie: string }> {
    const { handler } = setup
    const served = await this.serve(t, {
      ...setup,
      handler(req, res, next) {
        if (req.path !== '/begin')
          return (handler ?? ((_: any, it: any) => it.end()))(req, res, next)
        req.session.name = 'Ada'
        return res.end()
      },
    })
    return { ...served, cookie: sessionCookie(await served.get('/begin'))! }
  }
}

function plain(text: string | undefined): any {
  if (text === undefined) return undefined
  const { cookie: _, __symbolon: ours, ...data } = JSON.parse(text)
  void ours
  return data
}
