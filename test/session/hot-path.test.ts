// What a request does not do: nothing asynchronous and no JSON unless it has to.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { SessionRecord, Store } from '../../src/session/record.ts'
import { isPromise } from '../../src/session/steps.ts'
import type { Visit } from '../../src/session/visit.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'
const answer = { status: 200, cacheControl: undefined }
const STORES: Readonly<Record<string, () => Store>> = {
  memory,
  sqlite: () => sqlite({ file: ':memory:' }),
}

/** @returns how alice's requests open their session */
async function logIn(sessions: Sessions): Promise<(method?: string) => Visit | Promise<Visit>> {
  const visit = await sessions.open({ cookie: undefined, method: 'POST', navigation: false })
  await visit.session.login({ id: 'alice' })
  visit.session['theme'] = 'dark'
  const { cookies } = await visit.commit(answer)
  const [{ name, value } = assert.fail()] = cookies
  return (method = 'GET') =>
    sessions.open({ cookie: `${name}=${value}`, method, navigation: false })
}

function atOnce<T>(value: T | Promise<T>): T {
  assert.ok(!isPromise(value), 'waits for nothing')
  return value
}

/** Calls of JSON while `step` runs. */
function countJson(t: TestContext, step: () => void): { parsed: number; written: number } {
  const parse = t.mock.method(JSON, 'parse')
  const stringify = t.mock.method(JSON, 'stringify')
  try {
    step()
    return { parsed: parse.mock.callCount(), written: stringify.mock.callCount() }
  } finally {
    parse.mock.restore()
    stringify.mock.restore()
  }
}

for (const [name, create] of Object.entries(STORES)) {
  describe(`a request on ${name}`, () => {
    for (const maxStale of [0, '10s'] as const) {
      test(`§5 waits for nothing, with maxStale ${maxStale}`, async () => {
        const sessions = createSessions({ keys, store: create(), maxStale })
        const open = await logIn(sessions)
        assert.equal(atOnce(open()).auth?.['sub'], 'alice')
        const visit = atOnce(open('POST'))
        visit.session['theme'] = 'light'
        assert.equal(atOnce(visit.commit(answer)).error, undefined)
        assert.equal(atOnce(open()).session['theme'], 'light')
        await sessions.close()
      })
    }

    test('R12 parses and writes no JSON of a session that nobody looked at', async (t) => {
      const sessions = createSessions({ keys, store: create() })
      const open = await logIn(sessions)
      // Reads its token, and what that says of the user.
      assert.ok(atOnce(open()).auth)
      const unread = countJson(t, () => void atOnce(atOnce(open()).commit(answer)))
      assert.deepEqual(unread, { parsed: 0, written: 0 })
      const identity = countJson(t, () => {
        const visit = atOnce(open())
        assert.equal(visit.auth?.['sub'], 'alice')
        atOnce(visit.commit(answer))
      })
      assert.deepEqual(identity, { parsed: 0, written: 0 })
      const read = countJson(t, () => {
        const visit = atOnce(open())
        assert.equal(visit.session['theme'], 'dark')
        atOnce(visit.commit(answer))
      })
      assert.deepEqual(read, { parsed: 1, written: 1 })
      await sessions.close()
    })
  })
}

test('R12 data that are no JSON harm no request that does not look at them', async () => {
  const store = memory()
  const poisoned = (record: SessionRecord | 'ended' | undefined): typeof record =>
    typeof record === 'object' ? { ...record, data: '{"theme":' } : record
  const sessions = createSessions({
    keys,
    store: { ...store, read: (id) => poisoned(store.read(id) as SessionRecord) },
  })
  const open = await logIn(sessions)
  const visit = atOnce(open())
  assert.equal(visit.auth?.['sub'], 'alice')
  assert.equal(atOnce(visit.commit(answer)).error, undefined)
  assert.equal(sessions.counts.record_invalid, undefined)
  assert.deepEqual({ ...atOnce(open()).session }, {})
  assert.equal(sessions.counts.record_invalid, 1)
  await sessions.close()
})
