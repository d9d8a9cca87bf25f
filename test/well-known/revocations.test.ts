import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import { sessionHash } from '../../src/session-names.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { login } from '../../src/testing/index.ts'
import { createVerifier } from '../../src/verify/index.ts'
import type { RevocationsPayload } from '../../src/verify/revocations.ts'

const issuer = 'https://app.example'
const path = '/.well-known/session-revocations'

/** An app, and the verifier of a neighbour that asks it over HTTP. */
async function site(options: { now?: () => number } = {}) {
  const store = memory(options)
  const server = createServer((request, response) => sessions.wellKnown(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sessions: Sessions = createSessions({
    keys: generateKey(),
    fields: ['id'],
    issuer: base,
    store,
    user: (id) => ({ id }),
    ...options,
  })
  const verify = createVerifier({ app: base, ...options })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { base, sessions, store, verify }
}

async function list(base: string, headers: Record<string, string> = {}) {
  const response = await fetch(base + path, { headers })
  const text = await response.text()
  const payload = text === '' ? undefined : (decodeJwt(text) as unknown as RevocationsPayload)
  return { response, text, payload, etag: response.headers.get('etag')! }
}

/** Until it is so; a logout is heard of within a second. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return
    await sleep(50)
  }
  assert.fail('did not come to pass')
}

describe('R32 the list of revocations', () => {
  test('names what ended, by hashes, in a signed document of a type of its own', async () => {
    const { base, sessions } = await site()
    const manifest = await (await fetch(`${base}/.well-known/session.json`)).json()
    assert.equal((manifest as Record<string, string>)['revocations_uri'], base + path)
    const alice = await login(sessions, { id: 'alice' })
    const bob = await login(sessions, { id: 'bob' })
    const { sk } = decodeJwt(bob.value)
    await sessions.revokeAll('alice', { except: decodeJwt(alice.value)['sk'] as string })
    const visit = await sessions.open({ cookie: bob.cookie, method: 'POST', navigation: false })
    await visit.logout()
    const { response, text, payload } = await list(base)
    assert.deepEqual([response.status, response.headers.get('cache-control')], [200, 'no-cache'])
    assert.equal(decodeProtectedHeader(text).typ, 'revocations+jwt')
    const { s, u, k } = payload!.entries
    assert.ok(s.some(([session]) => session === sessionHash(sk as string)))
    assert.equal(u.length, 1)
    assert.deepEqual(u[0]![3], [sessionHash(decodeJwt(alice.value)['sk'] as string)])
    assert.deepEqual(k, [])
    for (const secret of ['alice', 'bob', sk as string])
      assert.ok(!JSON.stringify(payload).includes(secret))
  })

  test('names whom two revocations within a second leave logged in for a moment', async () => {
    const now = (): number => Date.UTC(2027, 0, 1) + 100
    const { base, sessions } = await site({ now })
    await sessions.revokeAll('alice')
    const alice = await login(sessions, { id: 'alice' })
    await sessions.revokeAll('alice')
    const { payload } = await list(base)
    const marks = payload!.entries.u.map(([, mark]) => mark)
    assert.ok(Math.max(...marks) > decodeJwt(alice.value).iat!)
  })

  test('ETag, 304, long poll and server-sent events', async () => {
    const { base, sessions } = await site()
    const alice = await login(sessions, { id: 'alice' })
    const { etag } = await list(base)
    assert.equal((await list(base, { 'if-none-match': etag })).response.status, 304)
    const waiting = list(base, { 'if-none-match': etag, prefer: 'wait=20' })
    const stream = await fetch(base + path, { headers: { accept: 'text/event-stream' } })
    const events = stream.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
    assert.match((await events.next()).value!, /^data: /)
    const visit = await sessions.open({ cookie: alice.cookie, method: 'POST', navigation: false })
    await visit.logout()
    const { payload } = await waiting
    assert.equal(payload!.entries.s.length, 1)
    const { value } = await events.next()
    const told = decodeJwt(value!.slice('data: '.length).trim()) as unknown as RevocationsPayload
    assert.equal(told.entries.s.length, 1)
    await events.return?.()
  })

  test('server-sent events for fetch handlers, ended by whoever reads them', async () => {
    const { base, sessions } = await site()
    const headers = { accept: 'text/event-stream' }
    const response = await sessions.wellKnown.fetch(new Request(base + path, { headers }))
    const reader = response!.body!.getReader()
    const { value } = await reader.read()
    assert.match(new TextDecoder().decode(value as Uint8Array), /^data: /)
    await reader.cancel()
    assert.equal((await reader.read()).done, true)
  })

  test('FED-02 a neighbour refuses what was logged out, revoked, or ended for all but one', async () => {
    const { sessions, verify } = await site()
    const kept = await login(sessions, { id: 'carol' })
    const ended = await login(sessions, { id: 'carol' })
    const other = await login(sessions, { id: 'dave' })
    for (const { cookie } of [kept, ended, other]) assert.ok(await verify({ cookie }))
    await sessions.revokeAll('carol', { except: decodeJwt(kept.value)['sk'] as string })
    await eventually(
      async () => (await verify.check({ cookie: ended.cookie })).reason === 'revoked',
    )
    assert.ok(await verify({ cookie: kept.cookie }))
    assert.ok(await verify({ cookie: other.cookie }))
    // Who logs in again at once is believed at once.
    const again = await login(sessions, { id: 'carol' })
    assert.deepEqual((await verify.check({ cookie: again.cookie })).reason, undefined)
    const [{ handle } = { handle: '' }] = await sessions.forUser('dave')
    await sessions.revoke(handle)
    await eventually(
      async () => (await verify.check({ cookie: other.cookie })).reason === 'revoked',
    )
  })

  test('entries go when no token they name can live; nothing is noted without an issuer', async () => {
    let time = Date.now()
    const { base, sessions } = await site({ now: () => time })
    const { cookie } = await login(sessions, { id: 'alice' })
    const visit = await sessions.open({ cookie, method: 'POST', navigation: false })
    await visit.logout()
    assert.equal((await list(base)).payload!.entries.s.length, 1)
    time += 15 * 60_000
    await sleep(250)
    assert.equal((await list(base)).payload!.entries.s.length, 1)
    time += 7 * 60_000
    await sleep(250)
    assert.equal((await list(base)).payload!.entries.s.length, 0)

    const store = memory()
    const alone = createSessions({ keys: generateKey(), store })
    const lonely = await login(alone, { id: 'x' })
    await (await alone.open({ cookie: lonely.cookie, method: 'POST', navigation: false })).logout()
    assert.deepEqual((await store.revocations.since(0)).entries, [])
  })

  test('a session is named before it ends, and a log that fails lets nobody be told of a logout', async () => {
    const store = memory()
    const calls: string[] = []
    const sessions = createSessions({
      keys: generateKey(),
      issuer,
      store: {
        ...store,
        end: (id, seen) => (calls.push('end'), store.end(id, seen)),
        revocations: {
          since: (last) => store.revocations.since(last),
          add(text, expires) {
            calls.push('add')
            if (calls.length > 4) throw new Error('full')
            return store.revocations.add(text, expires)
          },
        },
      },
    })
    const first = await login(sessions, { id: 'a' })
    const second = await login(sessions, { id: 'b' })
    calls.length = 0
    await (
      await sessions.open({ cookie: first.cookie, method: 'POST', navigation: false })
    ).logout()
    assert.deepEqual(calls, ['add', 'end'])
    calls.push('', '')
    const visit = await sessions.open({ cookie: second.cookie, method: 'POST', navigation: false })
    await assert.rejects(visit.logout(), { code: 'store_unavailable' })
    assert.deepEqual(calls.slice(4), ['add'])
    await sessions.close()
  })

  test('nobody fills the list with a cookie that is nobody’s, or whose session has ended', async () => {
    const { base, sessions } = await site()
    const begin = await sessions.open({ cookie: undefined, method: 'POST', navigation: false })
    begin.session['cart'] = [1]
    await begin.save()
    const { cookies } = await begin.commit({ status: 200, cacheControl: undefined })
    const anonymous = `${cookies[0]!.name}=${cookies[0]!.value}`
    const { cookie } = await login(sessions, { id: 'alice' })
    for (const each of [anonymous, cookie, cookie, anonymous, cookie]) {
      await (await sessions.open({ cookie: each, method: 'POST', navigation: false })).logout()
    }
    assert.equal((await list(base)).payload!.entries.s.length, 1)
  })

  test('its numbers go on when the entries have expired and the app has started anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'symbolon-feed-'))
    let time = Date.now()
    const now = (): number => time
    const keys = generateKey()
    const seqs: number[] = []
    for (let start = 0; start < 2; start++) {
      const store = sqlite({ file: join(folder, 'sessions.db'), now })
      const sessions = createSessions({ keys, issuer, store, now })
      if (start === 0) {
        const { cookie } = await login(sessions, { id: 'alice' })
        await (await sessions.open({ cookie, method: 'POST', navigation: false })).logout()
      }
      const answer = await sessions.wellKnown.fetch(new Request(issuer + path))
      seqs.push((decodeJwt(await answer!.text()) as unknown as RevocationsPayload).seq)
      await sessions.close()
      time += 3_600_000
    }
    assert.ok(seqs[0]! > 0)
    assert.equal(seqs[1], seqs[0])
    rmSync(folder, { recursive: true })
  })

  test('an answer that other middleware was faster to give ends no process', async () => {
    const { sessions } = await site()
    const server = createServer((request, response) => {
      sessions.wellKnown(request, response)
      response.writeHead(503).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    assert.equal(answer.status, 503)
    await sleep(300)
    server.close()
  })

  test('across processes: a logout in one is refused by the neighbour of another', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'symbolon-feed-'))
    const [file, key] = [join(folder, 'sessions.db'), JSON.stringify(generateKey())]
    const here = createSessions({ keys: key, fields: ['id'], issuer, store: sqlite({ file }) })
    const server = createServer((request, response) => here.wellKnown(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const port = (server.address() as AddressInfo).port
    const app = fork(new URL('feed-app.ts', import.meta.url), [file, key, issuer])
    try {
      await once(app, 'message')
      const to = (address: string): string => address.replace(issuer, `http://127.0.0.1:${port}`)
      const verify = createVerifier({
        app: issuer,
        fetch: (address: string, init?: RequestInit) => fetch(to(address), init),
      })
      const delays: number[] = []
      for (let round = 0; round < 10; round++) {
        const { cookie } = await login(here, { id: `user${round}` })
        assert.ok(await verify({ cookie }))
        app.send(round % 2 === 0 ? { cookie } : { user: `user${round}` })
        const [{ out }] = (await once(app, 'message')) as [{ out: number }]
        await eventually(async () => (await verify.check({ cookie })).reason === 'revoked')
        delays.push(performance.timeOrigin + performance.now() - out)
      }
      const sorted = delays.toSorted((one, other) => one - other)
      console.log(
        `heard of a logout after ${sorted[5]!.toFixed()} ms, at most ${sorted[9]!.toFixed()} ms`,
      )
      assert.equal(delays.length, 10)
    } finally {
      app.disconnect()
      server.closeAllConnections()
      server.close()
      await here.close()
      rmSync(folder, { recursive: true })
    }
  })
})
