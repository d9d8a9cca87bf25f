// What only time and faults show of the cache beside the rows.
import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { cachedRows } from '../../src/django/cached-rows.ts'
import type { Rows } from '../../src/django/rows.ts'

const KEY = 'k'.repeat(32)
const CACHE_KEY = `site:3:django.contrib.sessions.cached_db${KEY}`

function rowsWith(answer: boolean): Rows {
  const refuse = (): never => assert.fail('must not be asked')
  return {
    guarantees: { noRevival: true, noLostUpdate: false, durableLogout: true, hearsChanges: false },
    form: { write: refuse, read: refuse },
    read: refuse,
    insert: refuse,
    extend: refuse,
    replace: () => answer,
    remove: () => answer,
  }
}

describe('R40 cached_db', () => {
  for (const answer of [true, false]) {
    test(`the copy is deleted at once, after 1 s and after 10 s, ${answer ? 'when the row was written' : 'and when there was no row'}`, async () => {
      mock.timers.enable({ apis: ['setTimeout'] })
      try {
        const deleted: string[] = []
        const client = async (key: string): Promise<unknown> => deleted.push(key)
        const rows = cachedRows(rowsWith(answer), { client, KEY_PREFIX: 'site', VERSION: 3 })
        assert.equal(await rows.remove(KEY), answer)
        assert.equal(await rows.replace(KEY, 'seen', 'text', 0), answer)
        assert.deepEqual(deleted, [CACHE_KEY, CACHE_KEY])
        const counts = [999, 1, 8999, 1].map((passed) => {
          mock.timers.tick(passed)
          return deleted.length
        })
        assert.deepEqual(counts, [2, 4, 4, 6])
      } finally {
        mock.timers.reset()
      }
    })
  }

  test('R17 a copy that could not be deleted is an error: Django would go on believing it', async () => {
    const client = async (): Promise<never> => {
      throw new Error('the cache is away')
    }
    const rows = cachedRows(rowsWith(true), { client })
    await assert.rejects(async () => rows.remove(KEY), /the cache is away/)
  })
})
