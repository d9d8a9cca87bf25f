import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type RunningServer, redis } from '../support/servers.ts'

const USERS = 200
const KINDS = ['theirs', 'old', 'token'] as const
type Kind = (typeof KINDS)[number]

/** The two releases, each process by process, and all the way back. */
const PHASES: readonly (readonly [Kind, Kind])[] = [
  ['theirs', 'theirs'],
  ['theirs', 'old'],
  ['old', 'old'],
  ['old', 'token'],
  ['token', 'token'],
  ['token', 'old'],
  ['old', 'old'],
  ['old', 'theirs'],
  ['theirs', 'theirs'],
]

/** A browser that is logged in: it keeps the last cookie, and what it was told. */
class Browser {
  readonly user: string
  readonly notes: string[] = []
  cookie = ''
  id: string | undefined

  constructor(user: string) {
    this.user = user
  }

  async ask(port: number, path: string): Promise<any> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: this.cookie === '' ? {} : { cookie: this.cookie },
    })
    const line = response.headers.getSetCookie().find((it) => it.startsWith('connect.sid='))
    if (line !== undefined) this.cookie = line.split(';')[0]!
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** @param next the process whose turn it is */
  async visit(next: () => number, note: string): Promise<void> {
    this.notes.push(note)
    await this.ask(next(), `/?note=${note}`)
    const seen = await this.ask(next(), '/')
    assert.equal(seen.user, this.user)
    assert.deepEqual(seen.notes.toSorted(), this.notes.toSorted())
    this.id ??= seen.id
    assert.equal(seen.id, this.id)
  }
}

describe(
  'R43 express-session and the two releases side by side, over Redis',
  redis.needed(),
  () => {
    let server: RunningServer
    const children: ChildProcess[] = []
    const ports = new Map<Kind, number[]>()

    before(async () => {
      server = await redis.start()
      for (const kind of KINDS) ports.set(kind, [await start(kind), await start(kind)])
    })

    after(async () => {
      for (const child of children) child.kill()
      await server.stop()
    })

    async function start(kind: Kind): Promise<number> {
      const child = fork(join(import.meta.dirname, 'rollout-process.ts'), [kind], {
        env: { ...process.env, REDIS_PORT: String(server.port) },
      })
      children.push(child)
      const [port] = await once(child, 'message')
      return port as number
    }

    test(`${USERS} users: nobody is logged out and nothing is lost, there and back`, async () => {
      const browsers: Browser[] = []
      const forms = new Set<string>()
      for (const [step, kinds] of PHASES.entries()) {
        const processes = kinds.map((kind, index) => ports.get(kind)![index]!)
        let turn = 0
        const next = (): number => processes[turn++ % processes.length]!
        const newcomers = Array.from(
          { length: step === 0 ? USERS / 2 : Math.ceil(USERS / 2 / (PHASES.length - 1)) },
          (_, index) => new Browser(`user-${step}-${index}`),
        )
        await Promise.all(newcomers.map((it) => it.ask(next(), `/login?user=${it.user}`)))
        browsers.push(...newcomers)
        await Promise.all(browsers.map((it) => it.visit(next, `note-${step}`)))
        if (kinds[0] === kinds[1]) {
          const tokens = browsers.filter(({ cookie }) => cookie.startsWith('connect.sid=ey')).length
          assert.equal(tokens, kinds[0] === 'token' ? browsers.length : 0, `after step ${step}`)
          forms.add(kinds[0])
        }
      }
      assert.ok(browsers.length >= USERS)
      assert.deepEqual([...forms], [...KINDS])
    })
  },
)
