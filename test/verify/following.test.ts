import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sessionHash } from '../../src/session-names.ts'
import { ID, NOW, contents } from '../token/fixtures.ts'
import {
  type Following,
  INTERVAL,
  TIMEOUT,
  following,
  listOf,
  silence,
  text,
  token,
  tokens,
} from './feeds.ts'
import { eventually } from './fixtures.ts'
import { status } from './publisher.ts'

const session = sessionHash(ID)
const revoked = { s: [[session, NOW + 900]] } as const

/** The reasons of requests that come at once; a request that waits for an answer has none. */
async function answersOf(feed: Following, requests = 50): Promise<unknown> {
  const reasons = Promise.all(Array.from({ length: requests }, () => feed.reason()))
  const found = await Promise.race([reasons, sleep(2000, 'waiting', { ref: false })])
  return typeof found === 'string' ? found : [...new Set(found)]
}

describe('R32 when it is asked for', () => {
  test('FED-05 not for a token that is refused anyway; once for all others, then by the clock', async () => {
    const feed = await following(listOf({}))
    for (const presented of ['x', `${token.slice(0, -4)}AAAA`]) await feed.reason(presented)
    const expired = { issuedAt: (NOW - 1000) * 1000, expires: (NOW - 100) * 1000 }
    assert.equal(await feed.reason(tokens.issue(contents(expired))), 'expired')
    assert.equal(feed.asked(), 0)
    for (const asked of [1, 2, 3]) {
      assert.deepEqual(await answersOf(feed), [undefined])
      await feed.rest()
      assert.equal(feed.asked(), asked)
      feed.clock.pass(INTERVAL - 1)
      assert.deepEqual(await answersOf(feed), [undefined])
      assert.equal(feed.asked(), asked)
      feed.clock.pass(1)
    }
  })

  test('R32 a logout is heard of with the next fetch, also where a request is rare', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    for (let times = 0; times < 50; times++) await feed.next()
    assert.equal(feed.asked(), 51)
    feed.app.answer = text(listOf(revoked, { seq: 2, iat: NOW + 20 }))
    await feed.next()
    assert.equal(await feed.reason(), 'revoked')
    assert.equal(feed.asked(), 52)
  })

  test('R32 whom nobody has asked for 30 seconds asks no more; the next request waits for news', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    const last = 30_000 / INTERVAL - 1
    for (let times = 0; times < last; times++) await feed.next()
    await feed.rest()
    feed.clock.pass(INTERVAL)
    await sleep(50)
    assert.equal(feed.asked(), last + 1)
    feed.app.answer = text(listOf(revoked, { seq: 2, iat: NOW + 30 }))
    assert.deepEqual(await answersOf(feed), ['revoked'])
    assert.equal(feed.asked(), last + 2)
    await feed.next()
    assert.equal(feed.asked(), last + 3)
  })

  test('R32 a process that stood still in between waits for news, as after a rest', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    await feed.rest()
    feed.app.answer = text(listOf(revoked, { seq: 2, iat: NOW + 20 }))
    feed.clock.pass(20_000)
    assert.deepEqual(await answersOf(feed), ['revoked'])
    assert.equal(feed.asked(), 2)
  })

  test('R32 “not changed” is believed only of a list that is young itself', async () => {
    const etag = '"1"'
    const feed = await following((request, response) => {
      if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
      else response.writeHead(200, { etag }).end(listOf({}))
    })
    for (let second = 0; second <= 60; second += 20) {
      assert.equal(await feed.reason(), undefined)
      await feed.rest()
      feed.clock.pass(20_000)
      await feed.rest()
    }
    // The copy that somebody holds back is now 80 seconds old.
    assert.equal(await feed.reason(), 'unavailable')
    const tags = feed.app.requests.map(({ headers }) => headers['if-none-match'])
    assert.deepEqual(tags, [undefined, ...Array(tags.length - 1).fill(etag)])
  })

  test('R32 no list is asked for unless it is wanted', async () => {
    const feed = await following(listOf(revoked), { revocations: false })
    assert.equal(await feed.reason(), undefined)
    assert.equal(feed.asked(), 0)
  })
})

describe('R32 FED-07 a list that cannot be fetched', () => {
  test('holds for 30 seconds, then nobody is believed, until there is one again', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    feed.app.answer = status(503)
    await feed.next()
    feed.clock.pass(29_999 - INTERVAL)
    assert.equal(await feed.reason(), undefined)
    feed.clock.pass(1)
    assert.equal(await feed.reason(), 'unavailable')
    await feed.rest()
    feed.app.answer = text(listOf({}, { iat: NOW + 31 }))
    await feed.next()
    assert.equal(await feed.reason(), undefined)
  })

  test('but if the service says so, the last one known holds, or none', async () => {
    const feed = await following(status(503), { onStale: 'accept' })
    assert.equal(await feed.reason(), undefined)
    feed.app.answer = text(listOf(revoked))
    await feed.next()
    assert.equal(await feed.reason(), 'revoked')
    feed.app.answer = status(503)
    await feed.next()
    feed.clock.pass(20_000)
    assert.equal(await feed.reason(), 'revoked')
    feed.clock.pass(120_000)
    assert.equal(await feed.reason(), 'revoked')
    assert.equal(await feed.reason(tokens.issue(contents({ id: ID.slice(1) }))), undefined)
  })

  for (const [onStale, late] of [
    ['refuse', 'unavailable'],
    ['accept', undefined],
  ] as const) {
    test(`holds up no request while the app is silent, past its time one: ${onStale}`, async () => {
      const feed = await following(listOf({}), { onStale })
      assert.equal(await feed.reason(), undefined)
      await feed.rest()
      feed.app.answer = silence
      feed.clock.pass(INTERVAL)
      await eventually(feed.asked, 2)
      // A fetch under way, one that took too long, and the next one.
      for (const asked of [2, 3, 4, 5, 6]) {
        assert.deepEqual(await answersOf(feed), [undefined])
        assert.equal(feed.asked(), asked)
        feed.clock.pass(TIMEOUT)
        await feed.rest()
        assert.deepEqual(await answersOf(feed), [undefined])
        assert.equal(feed.asked(), asked)
        feed.clock.pass(INTERVAL)
        await eventually(feed.asked, asked + 1)
      }
      feed.clock.pass(29_999 - (5 * TIMEOUT + 6 * INTERVAL))
      assert.deepEqual(await answersOf(feed), [undefined])
      feed.clock.pass(1)
      const one = feed.reason()
      assert.deepEqual(await answersOf(feed), [late])
      assert.equal(feed.asked(), 7)
      feed.app.answer = text(listOf({}, { iat: NOW + 35 }))
      feed.clock.pass(TIMEOUT)
      assert.equal(await one, late)
      await feed.next()
      assert.deepEqual(await answersOf(feed), [undefined])
    })

    test(`that was never there: the first requests wait for it together, then one a fetch: ${onStale}`, async () => {
      const feed = await following(silence, { onStale })
      const first = answersOf(feed, 100)
      await eventually(feed.asked, 1)
      assert.deepEqual(await Promise.race([first, sleep(50, 'waiting')]), 'waiting')
      feed.clock.pass(TIMEOUT)
      assert.deepEqual(await first, [late])
      assert.equal(feed.asked(), 1)
      for (const asked of [2, 3, 4]) {
        await feed.rest()
        assert.deepEqual(await answersOf(feed), [late])
        feed.clock.pass(INTERVAL)
        await eventually(feed.asked, asked)
        const one = feed.reason()
        assert.deepEqual(await answersOf(feed), [late])
        assert.equal(feed.asked(), asked)
        feed.clock.pass(TIMEOUT)
        assert.equal(await one, late)
      }
      feed.app.answer = text(listOf(revoked, { iat: NOW + 20 }))
      await feed.next()
      assert.deepEqual(await answersOf(feed), ['revoked'])
    })
  }

  test('does not keep a process from it that stands still between its requests', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    await feed.rest()
    feed.app.answer = silence
    feed.clock.pass(INTERVAL)
    await eventually(feed.asked, 2)
    const found = []
    for (const seconds of [20, 40, 60, 80]) {
      // What was under way is too late now.
      feed.clock.pass(20_000)
      await eventually(() => feed.problems.length >= 1, true)
      const answer = text(listOf({}, { iat: NOW + seconds }))
      feed.app.answer = (request, response) => void setTimeout(answer, 30, request, response)
      found.push(await feed.reason())
    }
    assert.deepEqual(found, [undefined, undefined, undefined, undefined])
  })

  test('and after minutes in which nobody asked holds up one request', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    await feed.rest()
    feed.app.answer = status(503)
    await feed.next()
    feed.app.answer = silence
    feed.clock.pass(600_000)
    const one = feed.reason()
    assert.deepEqual(await answersOf(feed), ['unavailable'])
    await eventually(feed.asked, 3)
    feed.clock.pass(TIMEOUT)
    assert.equal(await one, 'unavailable')
  })
})
