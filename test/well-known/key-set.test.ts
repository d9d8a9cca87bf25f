import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, test } from 'node:test'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import type { Keys } from '../../src/token/key.ts'

const issuer = 'https://app.example'
const DAY = 86_400_000
const START = 2_000_000_000_000

const [one, two] = [generateKey(), generateKey()]

const at = (time: number): string => new Date(time).toISOString()
const turns = JSON.stringify({
  keys: [
    {
      key: one,
      signsFrom: at(START),
      publishedUntil: at(START + 2 * DAY),
      opensUntil: at(START + 40 * DAY),
    },
    { key: two, signsFrom: at(START + DAY) },
  ],
})

describe('R21 R30 the published key set follows the ring', () => {
  const opened: Sessions[] = []
  afterEach(async () => {
    for (const sessions of opened.splice(0)) await sessions.close()
  })

  function publishing(keys: Keys, now: () => number): Sessions {
    const sessions = createSessions({ keys, issuer, now, store: memory({ now }) })
    opened.push(sessions)
    return sessions
  }

  async function ask({
    wellKnown,
  }: Sessions): Promise<{ status: number; etag: string | null; kids: string[] }> {
    const answer = await wellKnown.fetch(new Request(`${issuer}/.well-known/jwks.json`))
    const { status, headers } = answer as Response
    const body = status === 200 ? await (answer as Response).json() : { keys: [] }
    const kids = (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
    return { status, etag: headers.get('etag'), kids }
  }

  test('KEY-16 by the clock, the current key first, with a tag of its own', async () => {
    let time = START
    const sessions = publishing(turns, () => time)
    const before = await ask(sessions)
    assert.deepEqual(before.kids, [one.kid, two.kid])
    time = START + DAY
    const after = await ask(sessions)
    assert.deepEqual(after.kids, [two.kid, one.kid])
    assert.notEqual(after.etag, before.etag)
    time = START + 2 * DAY
    assert.deepEqual((await ask(sessions)).kids, [two.kid])
  })

  test('KEY-19 a hundred keys take less than 64 KiB', async () => {
    const waiting = Array.from({ length: 99 }, () => ({ key: generateKey() }))
    const text = JSON.stringify({ keys: [{ key: one, signsFrom: at(START) }, ...waiting] })
    const { wellKnown } = publishing(text, () => START)
    const answer = await wellKnown.fetch(new Request(`${issuer}/.well-known/jwks.json`))
    const body = await answer!.text()
    assert.equal(body.split('"kid"').length, 101)
    assert.ok(body.length < 64 * 1024)
  })

  test('keys that a function fetches are waited for; one that fails is a 500, for the moment', async () => {
    let fails = true
    let time = START
    const fetchKeys = async (): Promise<string> => {
      if (fails) throw new Error('no network')
      return turns
    }
    const sessions = publishing(fetchKeys, () => time)
    assert.equal((await ask(sessions)).status, 500)
    const request = { cookie: undefined, method: 'GET', navigation: false }
    await assert.rejects(async () => await sessions.open(request), { code: 'keys_unavailable' })
    fails = false
    time += 1000
    assert.deepEqual((await ask(sessions)).kids, [one.kid, two.kid])
    await sessions.open(request)
  })

  test('secrets that a function fetches are not published either', async () => {
    const secret = { kty: 'oct', k: randomBytes(32).toString('base64url') }
    const text = JSON.stringify({ keys: [{ key: secret, signsFrom: at(START) }] })
    const { status, kids } = await ask(
      publishing(
        async () => text,
        () => START,
      ),
    )
    assert.deepEqual([status, kids], [500, []])
  })
})
