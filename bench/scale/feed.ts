import { setTimeout as sleep } from 'node:timers/promises'
import { createSessions } from 'symbolon'
import { memory } from 'symbolon/stores/memory'
import { login } from 'symbolon/testing'
import { createVerifier } from 'symbolon/verify'
import { generateKey } from '../../src/cli/keygen.ts'

/** What the list of revocations costs with so many entries. */
export interface FeedCost {
  readonly entries: number
  /** Of the whole list, without HTTP. */
  readonly bytes: number
  /** CPU time of the app for another list, once however many follow; in µs. */
  readonly made: number
  /** CPU time of the app for the answer that nothing has changed, without HTTP; in µs. */
  readonly unchanged: number
  /** CPU time of a service that begins to follow: for the list, the manifest and the keys; in µs. */
  readonly read: number
}

const issuer = 'http://127.0.0.1:1'
const LIST = `${issuer}/.well-known/session-revocations`
const ROUNDS = 9
const UNCHANGED_ROUNDS = 500
/** More than the time for which the store is not asked again. */
const PAUSE_MS = 250

/** @param sizes ascending */
export async function measureFeedCosts(sizes: readonly number[]): Promise<FeedCost[]> {
  const sessions = createSessions({ keys: generateKey(), fields: ['id'], issuer, store: memory() })
  const ask = async (address: string, etag = ''): Promise<Response> => {
    const request = new Request(address, { headers: { 'if-none-match': etag } })
    return (await sessions.wellKnown.fetch(request))!
  }
  const reader = await login(sessions, { id: 'reader' }, { inProduction: true })
  const logOutOne = async (): Promise<void> => {
    const { logout } = await login(sessions, { id: 'writer' }, { inProduction: true })
    await logout()
  }
  const costs: FeedCost[] = []
  let entries = 0
  for (const size of sizes) {
    for (; entries < size; entries++) await logOutOne()
    const made: number[] = []
    const read: number[] = []
    let bytes = 0
    for (let round = 0; round < ROUNDS; round++, entries++) {
      await logOutOne()
      await sleep(PAUSE_MS)
      made.push(await cpuOf(async () => (bytes = (await (await ask(LIST)).text()).length)))
      read.push(await cpuOfFollower(ask, reader))
    }
    const etag = (await ask(LIST)).headers.get('etag')!
    const unchanged = await cpuOf(async () => {
      for (let round = 0; round < UNCHANGED_ROUNDS; round++) await ask(LIST, etag)
    })
    costs.push({
      entries: size,
      bytes,
      made: middle(made),
      unchanged: unchanged / UNCHANGED_ROUNDS,
      read: middle(read),
    })
  }
  await sessions.close()
  return costs
}

async function cpuOfFollower(
  ask: (address: string) => Promise<Response>,
  reader: { readonly cookie: string },
): Promise<number> {
  let isOver = false
  const verify = createVerifier({
    app: issuer,
    fetch: (address) => (isOver ? Promise.reject(new Error('Enough')) : ask(address)),
    onProblem: () => undefined,
  })
  const cpu = await cpuOf(() => verify(reader))
  // It would follow for half a minute, and take its time from the next one.
  isOver = true
  return cpu
}

async function cpuOf(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await call()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function middle(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1]!
}
