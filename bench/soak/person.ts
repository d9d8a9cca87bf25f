import { setTimeout as sleep } from 'node:timers/promises'
import { chosenAction } from './actions.ts'
import type { Answer, Client } from './client.ts'
import { Device, type EndedSession } from './device.ts'
import type { Place } from './places.ts'

/** Where the app and the service beside it are. */
export interface World {
  readonly place: Place
  readonly app: number
  readonly neighbour: number
  readonly client: Client
  readonly report: (violation: string) => void
}

const DEVICES = 2
/** What ended is tried again as long as it is among the last ones. */
const REMEMBERED = 20
/** A login or logout whose client is gone may go on for so long. */
const SETTLING_MS = 6000
/** So long after a revocation that failed, neighbours may hold a new login for an older one. */
const MARK_MS = 15_000
/** What a failing store leads to. */
const FAULTS: readonly (string | undefined)[] = ['store_unavailable', 'store_timeout']

/** A user who does one thing after the other, and knows what must have become of it. */
export class Person {
  readonly #world: World
  readonly #name: string
  readonly #devices = Array.from({ length: DEVICES }, () => new Device())
  readonly #ended: EndedSession[] = []
  #notes = 0
  #markedAt = -Infinity

  constructor(world: World, name: string) {
    this.#world = world
    this.#name = name
  }

  async act(): Promise<void> {
    const device = this.#devices[Math.floor(Math.random() * DEVICES)]!
    device.age()
    if (device.cookie === '') return this.logInAgain(device)
    await this[chosenAction()](device)
  }

  async identity(device: Device): Promise<void> {
    const answer = await this.#ask(device, 'GET', '/identity')
    if (answer.status === 200) this.#learn(device, answer, 'identity')
    else this.#refuseAllBut(answer, [], 'identity')
  }

  async read(device: Device): Promise<void> {
    const answer = await this.#ask(device, 'GET', '/read')
    if (answer.status !== 200) return this.#refuseAllBut(answer, [], 'read')
    const { counted, notes } = device
    this.#learn(device, answer, 'read')
    const { user, data = {} } = answer.body
    if (user === undefined) return
    const count = Number(data['count'] ?? 0)
    this.#check(count >= counted.least && count <= counted.most, 'read: wrong count')
    for (const note of notes) this.#check(data[note] === true, 'read: an acknowledged note is lost')
  }

  async count(device: Device): Promise<void> {
    const answer = await this.#ask(device, 'POST', '/count')
    if (answer.status !== 401 && answer.status !== 409) device.counted.most++
    if (answer.status === 200) device.counted.least++
    this.#learnOfWrite(device, answer, 'count')
  }

  /** Two at once, on one session. */
  async note(device: Device): Promise<void> {
    const names = [`note${this.#notes++}`, `note${this.#notes++}`]
    const answers = await Promise.all(
      names.map((name) => this.#ask(device, 'POST', `/note/${name}`)),
    )
    for (const [index, answer] of answers.entries()) {
      if (device.cookie === '') return
      if (answer.status === 200) device.notes.add(names[index]!)
      this.#learnOfWrite(device, answer, 'note')
    }
  }

  async askNeighbour(device: Device): Promise<void> {
    const { neighbour, place, client } = this.#world
    const mustKnow = device.lives === true && device.isKnownAround && device.hasYoungToken
    const { status, body } = await client.ask(neighbour, 'GET', `/${place}`, device.cookie)
    if (typeof status === 'string' || !mustKnow) return
    this.#check(body.user === this.#name, `neighbour: knows nobody (${body.reason})`)
  }

  async listDevices(device: Device): Promise<void> {
    const answer = await this.#ask(device, 'GET', '/devices')
    if (answer.status !== 200) return this.#refuseAllBut(answer, [401], 'devices')
    const least = this.#devices.filter(({ lives }) => lives === true).length
    this.#check((answer.body.devices ?? 0) >= least, 'devices: a living session is not listed')
  }

  async logInAgain(device: Device): Promise<void> {
    const answer = await this.#ask(device, 'POST', `/login/${this.#name}`)
    if (answer.status === 200 && answer.cookie) {
      if (device.cookie !== '') this.#end(device, true)
      return device.began(answer.cookie, Date.now() - this.#markedAt > MARK_MS)
    }
    this.#check(answer.status !== 200, 'login: acknowledged without a cookie')
    this.#refuseAllBut(answer, [], 'login')
    device.doubt()
    await this.#settle(answer)
  }

  async logOut(device: Device): Promise<void> {
    const answer = await this.#ask(device, 'POST', '/logout')
    this.#refuseAllBut(answer, [200], 'logout')
    // Where the store failed, the session is over in this process, and the cookie is cleared.
    if (answer.status === 200 || answer.cookie === '') this.#end(device, answer.status === 200)
    else device.doubt()
    await this.#settle(answer)
  }

  revokeAll(device: Device): Promise<void> {
    return this.#revoke(device, '/revoke-all', this.#devices)
  }

  revokeOthers(device: Device): Promise<void> {
    const others = this.#devices.filter((other) => other !== device)
    return this.#revoke(device, '/revoke-others', others)
  }

  /** A browser that never comes again: its session expires, and is swept. */
  async leave(device: Device): Promise<void> {
    device.end(false)
  }

  async comeAnonymous(): Promise<void> {
    const { client, app } = this.#world
    const answer = await client.ask(app, 'GET', '/identity')
    this.#checkNobody(answer, 'anonymous')
  }

  async forge(device: Device): Promise<void> {
    const { client, app } = this.#world
    const answer = await client.ask(app, 'GET', '/identity', forged(device.cookie))
    this.#checkNobody(answer, 'forged token')
  }

  /** The invariant that matters most: no login survives its end. */
  async replay(): Promise<void> {
    const session = this.#ended[Math.floor(Math.random() * this.#ended.length)]
    if (session === undefined) return
    const { client, app, neighbour, place } = this.#world
    const { cookie, refusedFrom } = session
    this.#checkNobody(await client.ask(app, 'GET', '/identity', cookie), 'ended session, read')
    const written = await client.ask(app, 'POST', '/count', cookie)
    this.#check(written.status !== 200, 'ended session: written')
    this.#refuseAllBut(written, [401, 409], 'ended session, written')
    const mustRefuse = Date.now() > refusedFrom
    const { body } = await client.ask(neighbour, 'GET', `/${place}`, cookie)
    if (mustRefuse)
      this.#check(body.user === undefined, 'ended session: a neighbour knows the user')
  }

  async #revoke(device: Device, path: string, ended: readonly Device[]): Promise<void> {
    const answer = await this.#ask(device, 'POST', path)
    if (answer.status === 401) return this.#learnOfWrite(device, answer, path)
    this.#refuseAllBut(answer, [200], path)
    for (const each of ended) {
      if (answer.status !== 200) each.doubt()
      else if (each.cookie !== '') this.#end(each, true)
    }
    if (answer.status === 200) return
    device.isKnownAround = false
    this.#markedAt = Date.now()
    await this.#settle(answer)
    this.#markedAt = Date.now()
  }

  async #ask(device: Device, method: string, path: string): Promise<Answer> {
    const { client, app } = this.#world
    const answer = await client.ask(app, method, path, device.cookie)
    this.#check(answer.status === 200 || !answer.cookie, `${path}: a failure sets a cookie`)
    // An aborted request may have renewed the token unseen: then the older one serves on.
    if (answer.status === 200 && !path.startsWith('/login')) device.used(answer.cookie)
    return answer
  }

  #learn(device: Device, { body }: Answer, what: string): void {
    if (body.user === undefined) {
      this.#check(device.lives !== true, `${what}: a living session is gone`)
      this.#end(device, false)
    } else this.#check(body.user === this.#name, `${what}: another user's session`)
  }

  #learnOfWrite(device: Device, answer: Answer, what: string): void {
    this.#refuseAllBut(answer, [200, 401, 409], what)
    if (answer.status === 200) {
      device.lives = true
    } else if (answer.status === 401 || answer.status === 409) {
      this.#check(device.lives !== true, `${what}: a living session is gone`)
      this.#end(device, false)
    }
  }

  #end(device: Device, isTold: boolean): void {
    this.#ended.push(device.end(isTold))
    if (this.#ended.length > REMEMBERED) this.#ended.shift()
  }

  /** Until a request whose client is gone has ended, nobody knows what it does. */
  async #settle({ status }: Answer): Promise<void> {
    if (typeof status === 'string') await sleep(SETTLING_MS)
  }

  #checkNobody(answer: Answer, what: string): void {
    this.#check(answer.body.user === undefined, `${what}: somebody`)
    this.#refuseAllBut(answer, [200], what)
  }

  #refuseAllBut({ status, body }: Answer, expected: readonly number[], what: string): void {
    const isMissing = status === 'aborted' || status === 'reset'
    const isFault = status === 500 && FAULTS.includes(body.code)
    if (isMissing || isFault || expected.includes(status as number)) return
    this.#world.report(`${this.#world.place}, ${what}: status ${status} ${body.code}`)
  }

  #check(isRight: boolean, what: string): void {
    if (!isRight) this.#world.report(`${this.#world.place}, ${what}`)
  }
}

/** One character is another one, or there is no token at all. */
function forged(cookie: string): string {
  const start = cookie.indexOf('=') + 1
  const at = start + Math.floor(Math.random() * (cookie.length - start))
  const other = cookie[at] === 'A' ? 'B' : 'A'
  if (Math.random() < 0.2) return `${cookie.slice(0, start)}${'x'.repeat(at)}`
  return `${cookie.slice(0, at)}${other}${cookie.slice(at + 1)}`
}
