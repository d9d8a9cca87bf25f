import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../../../src/session/session.ts'
import { importKey } from '../../../src/token/key.ts'
import { generateKey } from '../../../src/cli/keygen.ts'
import { type LocalKey, decode, forge } from '../../token/fixtures.ts'
import { type App, COOKIE } from './app.ts'
import { type Start, startProgram } from './checker.ts'

const MOST_REQUESTS = 12

/** A page's reader of the revocations, in a process of its own that follows the app. */
class Reader implements AsyncDisposable {
  readonly #app: App
  readonly #child: ReturnType<typeof startProgram>
  readonly #lines: AsyncIterator<string>
  #complaints = ''

  constructor(start: Start, app: App) {
    this.#app = app
    this.#child = startProgram(start)
    this.#child.stderr.on('data', (chunk) => (this.#complaints += String(chunk)))
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  /** @param silence seconds that the reader takes to have passed since it heard of the app */
  async covers(token: string, silence = 0): Promise<boolean> {
    const order = { cookies: `${COOKIE}=${token}`, silence }
    this.#child.stdin.write(`${JSON.stringify(order)}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the reader ended: ${this.#complaints}`)
    return JSON.parse(value) as boolean
  }

  /** Not long after: a list that is no news would be refused in the end too, for its age. */
  async becomes(covered: boolean, token: string): Promise<void> {
    const last = this.#app.asked + MOST_REQUESTS
    while ((await this.covers(token)) !== covered) {
      assert.ok(this.#app.asked < last, `not ${covered ? 'refused' : 'believed'} after all that`)
      await sleep(50)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = this.#child.exitCode === null && once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

/** R32: what a reader of the app's revocations must refuse, and what it must not believe. */
export async function holdRevocations(start: Start, app: App): Promise<void> {
  await using reader = new Reader(start, app)
  const kept = await app.logIn()
  await reader.becomes(false, kept)
  await holdEndings(reader, app, kept)
  await holdLists(reader, app, kept)
  app.shut()
  assert.equal(await reader.covers(kept, 31), true, 'an app that is silent')
}

async function holdEndings(reader: Reader, app: App, kept: string): Promise<void> {
  const [out, other] = [await app.logIn(), await app.logIn()]
  await (await sessionOf(app, out)).logout()
  await reader.becomes(true, out)
  assert.equal(await reader.covers(other), false)
  await app.sessions.revokeAll('alice', { except: await sessionOf(app, kept) })
  await reader.becomes(true, other)
  assert.equal(await reader.covers(kept), false, 'the session that is kept')
  assert.equal(await reader.covers(await app.logIn()), false, 'a login after that')
}

/** Lists that no reader believes: they are no news, so that soon nothing is known. */
async function holdLists(reader: Reader, app: App, kept: string): Promise<void> {
  const answer = await fetch(`${app.origin}/.well-known/session-revocations`)
  const [head = '', body = ''] = (await answer.text()).split('.')
  const [header, list] = [decode(head), decode(body) as { iat: number; seq: number }]
  const signed = (more: object, by: LocalKey = app.key, typ = header['typ']): string =>
    forge(by, JSON.stringify({ ...list, ...more }), JSON.stringify({ ...header, typ }))
  const lists = {
    'of another issuer': signed({ iss: 'https://other.example' }),
    'held back': signed({ iat: list.iat - 90 }),
    'before the newest': signed({ seq: list.seq - 1 }),
    'of another type': signed({}, app.key, 'JWT'),
    'by another key': signed({}, importKey(generateKey('ES256')) as LocalKey),
    'no list': 'gone',
  }
  for (const [at, [name, text]] of Object.entries(lists).entries()) {
    app.list = text
    await askedAgain(app)
    assert.equal(await reader.covers(kept, at === 0 ? 31 : 0), true, name)
  }
  app.list = undefined
  await reader.becomes(false, kept)
  app.list = signed({ entries: { s: [], u: [], k: [header['kid']] } })
  await reader.becomes(true, kept)
  app.list = undefined
  await reader.becomes(false, kept)
}

/** Until what the app says now was read: the second request from now was made after the first answer. */
async function askedAgain(app: App): Promise<void> {
  const before = app.asked
  while (app.asked < before + 2) await sleep(20)
}

async function sessionOf({ sessions }: App, token: string): Promise<Session> {
  const request = { cookie: `${COOKIE}=${token}`, method: 'POST', navigation: false }
  return (await sessions.open(request)).session
}
