import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { App, idIn, oldCookie, sessionCookie } from './client.ts'
import { EXPRESS_VERSIONS, SECRET, SUBJECTS, type Subject } from './subjects.ts'

/** What an app does with its session in one request. */
const ACTIONS: Record<string, (req: any, done: (error?: unknown) => void) => void> = {
  nothing: (_, done) => done(),
  modify: (req, done) => {
    req.session.seen = true
    done()
  },
  'modify and save': (req, done) => {
    req.session.seen = true
    req.session.save(done)
  },
  save: (req, done) => void req.session.save(done),
  'save, then modify': (req, done) => {
    req.session.save((error: unknown) => {
      req.session.seen = true
      done(error)
    })
  },
  touch: (req, done) => {
    req.session.touch()
    done()
  },
  'change the cookie': (req, done) => {
    req.session.cookie.maxAge = 5000
    done()
  },
  'end with the browser': (req, done) => {
    req.session.cookie.expires = false
    done()
  },
  reload: (req, done) => void req.session.reload(() => done()),
  regenerate: (req, done) => void req.session.regenerate(done),
  'regenerate and modify': (req, done) => {
    req.session.regenerate((error: unknown) => {
      req.session.seen = true
      done(error)
    })
  },
  destroy: (req, done) => void req.session.destroy(done),
  'set to null': (req, done) => {
    req.session = null
    done()
  },
  delete: (req, done) => {
    delete req.session
    done()
  },
  'lose the id': (req, done) => {
    req.sessionID = undefined
    req.session.seen = true
    done()
  },
}

/** What the request brings. */
const COOKIES = ['none', 'living', 'unknown', 'forged'] as const

interface Scenario {
  readonly action: string
  readonly cookie: (typeof COOKIES)[number]
  readonly resave: boolean
  readonly rolling: boolean
  readonly saveUninitialized: boolean
  readonly unset: 'keep' | 'destroy'
  readonly maxAge: number | null
  readonly storeTouches: boolean
}

const BOTH = [false, true]

function* scenarios(): Generator<Scenario> {
  for (const action of Object.keys(ACTIONS))
    for (const unset of mayUnset(action) ? (['keep', 'destroy'] as const) : (['keep'] as const))
      for (const cookie of COOKIES)
        for (const resave of BOTH)
          for (const rolling of BOTH)
            for (const saveUninitialized of BOTH)
              for (const maxAge of [null, 60_000])
                for (const storeTouches of BOTH) {
                  const options = { resave, rolling, saveUninitialized, unset, maxAge }
                  yield { action, cookie, ...options, storeTouches }
                }
}

function mayUnset(action: string): boolean {
  return ['destroy', 'set to null', 'delete'].includes(action)
}

/** Ours clears the cookie of a session that ended, and destroys once, and only what was stored. */
function improved({ action, cookie, unset }: Scenario, theirs: Outcome): Outcome {
  const ends = action === 'destroy' || (mayUnset(action) && unset === 'destroy')
  const destroys = theirs.calls.includes('destroy') && cookie === 'living'
  const others = theirs.calls.filter((call) => call !== 'destroy')
  return {
    ...theirs,
    calls: destroys ? ['destroy', ...others] : others,
    cookie: ends && cookie !== 'none' ? 'cleared' : theirs.cookie,
  }
}

interface Outcome {
  readonly status: number
  readonly body: string
  /** Of the answer's cookie: none, the same session, another one, or a cookie that is cleared. */
  readonly cookie: 'none' | 'same' | 'new' | 'cleared'
  readonly expires: boolean
  /** What the store was asked to do, without reading. */
  readonly calls: readonly string[]
  /** How many sessions are stored then, and the data of this one. */
  readonly stored: number
  readonly data: unknown
}

/** All scenarios of one subject and one Express, one server for all. */
async function play(subject: Subject, express: any): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>()
  let current: any
  const app = express()
  app.use((req: any, res: any, next: any) => current.middleware(req, res, next))
  app.use((req: any, res: any, next: any) => {
    if (req.path === '/begin') {
      req.session.name = 'Ada'
      return res.end('begun')
    }
    ACTIONS[current.scenario.action]!(req, (error) => (error ? next(error) : res.end('done')))
  })
  app.use((error: any, _req: any, res: any, _next: any) => {
    res.statusCode = error.status ?? 500
    res.end(error.message)
  })
  const server = await App.start(app)
  for (const scenario of scenarios()) outcomes.set(JSON.stringify(scenario), await one(scenario))
  await server.stop()
  return outcomes

  async function one(scenario: Scenario): Promise<Outcome> {
    const { resave, rolling, saveUninitialized, unset, maxAge } = scenario
    const calls: string[] = []
    const store = new subject.session.MemoryStore()
    if (!scenario.storeTouches) store.touch = undefined
    const options = { resave, rolling, saveUninitialized, unset, cookie: { maxAge }, store }
    const middleware = subject.session({ secret: SECRET, ...options })
    current = { middleware, scenario }
    const living = ['living', 'forged'].includes(scenario.cookie)
      ? sessionCookie(await server.ask('/begin'))
      : undefined
    for (const name of ['set', 'touch', 'destroy'] as const) {
      const call = store[name]
      if (call === undefined) continue
      store[name] = function counted(...args: unknown[]) {
        calls.push(name)
        return call.apply(this, args)
      }
    }
    const cookie = {
      none: undefined,
      living,
      unknown: oldCookie('x'.repeat(32)),
      forged: living?.replace(/.{12}$/, 'AAAAAAAAAAAA'),
    }[scenario.cookie]
    const reply = await server.ask('/', { ...(cookie !== undefined && { cookie }) })
    const line = reply.cookies.find((it) => it.startsWith('connect.sid='))
    const id = idIn(sessionCookie(reply))
    const session = JSON.parse(store.sessions[id ?? idIn(living) ?? ''] ?? 'null')
    if (session !== null) {
      delete session.cookie
      delete session['__symbolon']
    }
    return {
      status: reply.status,
      body: reply.body,
      cookie:
        line === undefined
          ? 'none'
          : id === undefined
            ? 'cleared'
            : id === idIn(living)
              ? 'same'
              : 'new',
      expires: /; Expires=/.test(line ?? '') && id !== undefined,
      calls,
      stored: Object.keys(store.sessions).length,
      data: session,
    }
  }
}

for (const { name, express } of EXPRESS_VERSIONS) {
  describe(`1.8 every combination of options, cookies and actions, ${name}`, () => {
    test('ends in the same answer, cookie and stored session', async () => {
      const [theirs, ours] = await Promise.all(SUBJECTS.map((subject) => play(subject, express)))
      assert.equal(theirs!.size, 2304)
      for (const [scenario, outcome] of theirs!) {
        const expected = improved(JSON.parse(scenario) as Scenario, outcome)
        assert.deepEqual(ours!.get(scenario), expected, scenario)
      }
    })
  })
}
