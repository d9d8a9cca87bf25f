import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, mock, test } from 'node:test'
import { Events } from '../../src/events.ts'
import { type KeyRing, createKeyRing } from '../../src/token/key-ring.ts'
import type { Keys } from '../../src/token/key.ts'
import { contents, localTokens, NOW_MS } from './fixtures.ts'
import { at, Clock, LIVES, newKey, ringText } from './rings.ts'

const POLL_MS = 10_000

const folder = mkdtempSync(join(tmpdir(), 'symbolon-ring-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'ring.json')

const one = ringText({ key: newKey('one'), signsFrom: at(-1) })
const two = ringText({ key: newKey('two'), signsFrom: at(-1) })

function write(text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

describe('R21 a ring that is watched', () => {
  const rings: KeyRing[] = []
  let events: Events
  let clock: Clock

  const watch = (keys: Keys): KeyRing => {
    const ring = createKeyRing(keys, { now: clock.now, events, lives: LIVES })
    rings.push(ring)
    return ring
  }
  const poll = (): void => mock.timers.tick(POLL_MS)
  const current = (ring: KeyRing): string => ring.trusted.current.kid

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
    events = new Events()
    clock = new Clock()
    write(one)
  })
  afterEach(() => {
    for (const ring of rings.splice(0)) ring.close()
    mock.timers.reset()
  })

  test('its file is read again every ten seconds, and taken up if its content is another', () => {
    const ring = watch({ file })
    const { trusted } = ring
    write(one)
    poll()
    assert.equal(ring.trusted, trusted)
    write(two)
    assert.equal(current(ring), 'one')
    poll()
    assert.equal(current(ring), 'two')
    assert.deepEqual({ ...events.counts }, { keys_changed: 1 })
  })

  test('a bad content, or none, leaves the ring as it was, and is told of once', () => {
    const ring = watch({ file })
    for (const bad of [
      one.slice(0, -20),
      '',
      '{"keys":[]}',
      'a secret of more than 32 bytes, as it may be',
    ]) {
      write(bad)
      poll()
      poll()
      assert.equal(current(ring), 'one')
    }
    assert.deepEqual({ ...events.counts }, { keys_failed: 4 })
    rmSync(file)
    poll()
    assert.equal(current(ring), 'one')
    write(two)
    poll()
    assert.equal(current(ring), 'two')
  })

  test('CCH-02 what is remembered of tokens ends with their key', () => {
    const tokens = localTokens({ ring: watch({ file }), sessionField: 'sk' })
    const token = tokens.issue(contents())
    assert.equal(tokens.read(token), tokens.read(token))
    write(two)
    poll()
    assert.equal(tokens.read(token), 'kid')
  })

  test('R7 for an unknown kid it is looked at at once, but once a second at most', () => {
    const ring = watch({ file })
    assert.equal(ring.lookAgain(), false, 'it has just been read')
    write(two)
    clock.time = NOW_MS + 999
    assert.deepEqual([ring.lookAgain(), current(ring)], [false, 'one'])
    clock.time = NOW_MS + 1000
    assert.deepEqual([ring.lookAgain(), current(ring)], [true, 'two'])
    write(one)
    assert.deepEqual([ring.lookAgain(), current(ring)], [false, 'two'])
    clock.time = NOW_MS - 60_000
    assert.equal(ring.lookAgain(), true, 'a clock that was set back stops nothing')
  })

  test('a plain key file is read once; a closed ring is not looked at', () => {
    write(JSON.stringify(newKey('plain')))
    const plain = watch({ file })
    write(one)
    const closed = watch({ file })
    closed.close()
    write(two)
    poll()
    assert.deepEqual([current(plain), plain.lookAgain(), current(closed)], ['plain', false, 'one'])
  })

  test('a bad file is an error at the start', () => {
    write('{"keys":[]}')
    assert.throws(() => watch({ file }), { code: 'invalid_key' })
    rmSync(file)
    assert.throws(() => watch({ file }), { code: 'invalid_key', message: /keys init/ })
  })

  describe('by a function', () => {
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

    test('is asked at the start and every ten seconds, once at a time', async () => {
      const answers: ((text: string) => void)[] = []
      const ring = watch(() => new Promise((resolve) => answers.push(resolve)))
      assert.throws(() => ring.trusted, { code: 'keys_unavailable' })
      const ready = [ring.ready, ring.ready]
      assert.equal(ring.lookAgain(), ring.lookAgain())
      assert.equal(answers.length, 1)
      answers[0]?.(one)
      for (const it of ready) await it
      assert.deepEqual([ring.ready, current(ring)], [undefined, 'one'])
      poll()
      answers[1]?.(two)
      await settled()
      assert.equal(current(ring), 'two')
      assert.deepEqual({ ...events.counts }, { keys_changed: 1 })
    })

    test('KEY-05 that fails, or gives no ring, is an error for who waits, and asked again', async () => {
      let answer: () => unknown = () => Promise.reject(new Error('no network'))
      const ring = watch(async () => (await answer()) as string)
      await assert.rejects(ring.ready ?? Promise.resolve(), {
        code: 'keys_unavailable',
        message: /function/,
      })
      for (const nonsense of [undefined, '', 'a secret of more than 32 bytes, as it may be', 7]) {
        answer = () => nonsense
        clock.time += 1000
        await assert.rejects(ring.ready ?? Promise.resolve(), { code: 'invalid_key' })
      }
      answer = () => one
      clock.time += 1000
      await ring.ready
      assert.equal(current(ring), 'one')
    })

    test('KEY-05 that never answers fails after five seconds', async () => {
      const ring = watch(() => new Promise(() => {}))
      const waiting = assert.rejects(ring.ready ?? Promise.resolve(), { code: 'keys_unavailable' })
      mock.timers.tick(5000)
      await waiting
      assert.deepEqual({ ...events.counts }, { keys_failed: 1 })
    })
  })
})
