// What the verbs of a store on a server do while the way to it, or the server, fails.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { SessionError } from '../../src/errors.ts'
import { ENDED, type SessionRecord, type Store } from '../../src/session/record.ts'
import { createSessions } from '../../src/sessions.ts'
import { login } from '../../src/testing/index.ts'
import { Clock, newId, newVersion, recordAt } from '../../src/testing/store-bench.ts'

const HOUR = 3_600_000
const HANGS_AFTER_MS = 20_000
const RECOVERS_WITHIN_MS = 5000

/** A record that outlives the test by every clock. */
export function lasting(changes: Partial<SessionRecord> = {}): SessionRecord {
  const clock = new Clock()
  return recordAt(clock, { expires: clock.now() + HOUR, ...changes })
}

/** One verb under a fault: what it answered, or the code of its error. */
export interface Outcome {
  readonly name: string
  readonly answer: unknown
  /** Once the fault is over: what was answered holds, and what failed left no half state. */
  readonly check: () => Promise<void>
}

/** Prepares sessions, and returns what uses each of them by one verb, all at the same time. */
export async function prepareVerbs(store: Store): Promise<() => Promise<Outcome[]>> {
  const sessions = createSessions({ keys: 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe', store })
  const verbs = await Promise.all([
    reading(store),
    creating(store),
    updating(store),
    touching(store),
    ending(store),
    loggingIn(sessions),
  ])
  return () => Promise.all(verbs.map((verb) => verb()))
}

type Verb = () => Promise<Outcome>

async function stored(store: Store): Promise<{ id: string; record: SessionRecord }> {
  const id = newId()
  const record = lasting()
  assert.equal(await store.create(id, record), true)
  return { id, record }
}

async function reading(store: Store): Promise<Verb> {
  const { id, record } = await stored(store)
  return async () => {
    const answer = await outcome(() => store.read(id))
    if (!isFailure(answer)) assert.deepEqual(answer, record)
    return {
      name: 'read',
      answer,
      check: async () => assert.deepEqual(await store.read(id), record),
    }
  }
}

async function creating(store: Store): Promise<Verb> {
  const id = newId()
  const record = lasting()
  return async () => {
    const answer = await outcome(() => store.create(id, record))
    const check = async (): Promise<void> => {
      const read = await store.read(id)
      if (answer === true || read !== undefined) assert.deepEqual(read, record)
    }
    return { name: 'create', answer, check }
  }
}

async function updating(store: Store): Promise<Verb> {
  const { id, record } = await stored(store)
  const next = { ...record, version: newVersion(), data: '{"next":true}' }
  return async () => {
    const answer = await outcome(() => store.update(id, next, record.version))
    const check = async (): Promise<void> => {
      const read = await store.read(id)
      const old = answer !== 'ok' && (read as SessionRecord).version === record.version
      assert.deepEqual(read, old ? record : next)
    }
    return { name: 'update', answer, check }
  }
}

async function touching(store: Store): Promise<Verb> {
  const { id, record } = await stored(store)
  const expires = record.expires + HOUR
  return async () => {
    const answer = await outcome(() => store.touch(id, expires))
    const check = async (): Promise<void> => {
      const read = (await store.read(id)) as SessionRecord
      const old = answer !== true && read.expires === record.expires
      assert.deepEqual(read, old ? record : { ...record, expires })
    }
    return { name: 'touch', answer, check }
  }
}

async function ending(store: Store): Promise<Verb> {
  const { id, record } = await stored(store)
  return async () => {
    const answer = await outcome(() => store.end(id))
    const check = async (): Promise<void> => {
      const read = await store.read(id)
      if (answer === 'ok' || read === ENDED) assert.equal(read, ENDED)
      else assert.deepEqual(read, record)
      if (read !== ENDED) assert.equal(await store.end(id), 'ok')
      assert.equal(await store.update(id, lasting(), record.version), 'gone')
    }
    return { name: 'end', answer, check }
  }
}

async function loggingIn(sessions: ReturnType<typeof createSessions>): Promise<Verb> {
  return async () => {
    const answer = await outcome(async () => (await login(sessions, { id: 'ada' })).cookie)
    const check = async (): Promise<void> => {
      if (isFailure(answer)) return
      const visit = await sessions.open({
        cookie: answer as string,
        method: 'GET',
        navigation: false,
      })
      assert.equal(visit.auth?.sub, 'ada')
    }
    return { name: 'login', answer, check }
  }
}

const CODES = ['store_timeout', 'store_unavailable']

/** The answer, or the code of a SessionError; anything else fails the test, and so does silence. */
export async function outcome(verb: () => unknown): Promise<unknown> {
  const hang = new AbortController()
  const hangs = sleep(HANGS_AFTER_MS, undefined, hang).then(
    () => assert.fail('the verb hangs'),
    () => undefined,
  )
  try {
    return await Promise.race([hangs, (async () => verb())()])
  } catch (error) {
    assert.ok(error instanceof SessionError, String((error as Error).stack))
    assert.ok(CODES.includes(error.code), error.code)
    return error.code
  } finally {
    hang.abort()
  }
}

export function isFailure(answer: unknown): boolean {
  return CODES.includes(answer as string)
}

/** Waits until the store answers again, without any help. */
export async function untilItAnswers(store: Store): Promise<void> {
  const deadline = performance.now() + RECOVERS_WITHIN_MS
  while (isFailure(await outcome(() => store.read(newId())))) {
    assert.ok(performance.now() < deadline, 'the store recovers by itself')
    await sleep(20)
  }
}
