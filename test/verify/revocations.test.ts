import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { sessionHash } from '../../src/session-names.ts'
import { createKeyRing } from '../../src/token/key-ring.ts'
import { importKey } from '../../src/token/key.ts'
import {
  type VerifierOptions,
  type VerifierProblem,
  createVerifier,
} from '../../src/verify/index.ts'
import { type RevocationsPayload, userHash } from '../../src/verify/revocations.ts'
import { ID, KEYS, type LocalKey, NOW, SPECS, contents, forge } from '../token/fixtures.ts'
import { Clock, ISSUER, issuerOf } from './fixtures.ts'
import { type Publisher, publisher, status } from './publisher.ts'

type Entries = Partial<RevocationsPayload['entries']>

const key = KEYS.ES256
const tokens = issuerOf('ES256')
const token = tokens.issue(contents())
const GEN = 'generation'

/** A list as the app signs it; `more` may make it anything else. */
function listOf(
  entries: Entries,
  more: Record<string, unknown> = {},
  { typ = 'revocations+jwt', by = key }: { typ?: string; by?: LocalKey } = {},
): string {
  const all = { s: [], u: [], k: [], ...entries }
  const payload = { iss: ISSUER, iat: NOW, gen: GEN, seq: 1, entries: all, ...more }
  return forge(by, JSON.stringify(payload), JSON.stringify({ alg: by.alg, kid: by.kid, typ }))
}

const text =
  (body: string, headers: Record<string, string> = {}): Publisher['answer'] =>
  (_, response) =>
    void response.writeHead(200, headers).end(body)

interface Following {
  readonly app: Publisher
  readonly clock: Clock
  readonly problems: VerifierProblem[]
  readonly reason: (token?: string) => Promise<string | undefined>
  readonly asked: () => number
}

/** A neighbour that follows the list of an app, whose keys it was given. */
async function following(
  list: string,
  more: Partial<VerifierOptions<object>> = {},
): Promise<Following> {
  const lists = await publisher(text(list))
  const clock = new Clock()
  const problems: VerifierProblem[] = []
  const verify = createVerifier({
    issuer: ISSUER,
    keys: createKeyRing(SPECS.ES256).trusted.jwks(),
    revocations: true,
    fetch: (address, init) => fetch(address.replace(ISSUER, lists.origin), init),
    now: clock.read,
    onProblem: (problem) => problems.push(problem),
    ...more,
  })
  return {
    app: lists,
    clock,
    problems,
    reason: async (presented = token) => (await verify.check({ token: presented })).reason,
    asked: () => lists.requests.length,
  }
}

const session = sessionHash(ID)

describe('R32 what a list covers', () => {
  const coveredBy = async (entries: Entries, presented = token): Promise<boolean> => {
    const feed = await following(listOf(entries))
    const reason = await feed.reason(presented)
    assert.ok(reason === undefined || reason === 'revoked', reason)
    assert.equal(feed.app.requests[0]?.url, '/.well-known/session-revocations')
    return reason === 'revoked'
  }

  test('R32 FED-02 a session by its hash', async () => {
    assert.equal(await coveredBy({}), false)
    assert.equal(await coveredBy({ s: [[session, NOW + 900]] }), true)
    assert.equal(await coveredBy({ s: [[session, NOW - 900]] }), true)
    assert.equal(await coveredBy({ s: [[ID, NOW + 900]] }), false)
    assert.equal(await coveredBy({ s: [[sessionHash(`${ID}x`), NOW + 900]] }), false)
  })

  test('R32 a user, for what was issued before the mark, but for the sessions that live on', async () => {
    const name = await userHash(GEN, '7')
    // Issued at NOW - 5.
    assert.equal(await coveredBy({ u: [[name, NOW - 4, NOW + 900]] }), true)
    assert.equal(await coveredBy({ u: [[name, NOW - 5, NOW + 900]] }), false)
    assert.equal(await coveredBy({ u: [[name, NOW - 4, NOW + 900, [session]]] }), false)
    assert.equal(await coveredBy({ u: [[name, NOW - 4, NOW + 900, ['other']]] }), true)
    const marks = [
      [name, NOW - 4, NOW + 900, [session]],
      [name, NOW - 3, NOW + 900, ['other']],
    ] as const
    assert.equal(await coveredBy({ u: marks }), true)
    assert.equal(await coveredBy({ u: [[await userHash('other', '7'), NOW, NOW + 900]] }), false)
    assert.equal(await coveredBy({ u: [[await userHash(GEN, '8'), NOW, NOW + 900]] }), false)
  })

  test('R21 a burned key', async () => {
    assert.equal(await coveredBy({ k: [key.kid] }), true)
    assert.equal(await coveredBy({ k: ['other'] }), false)
  })
})

describe('R32 which lists are believed', () => {
  test('R32 CLM-37 CLM-38 only the app’s own, of the type, and a session is none', async () => {
    const foreign = importKey(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    ) as LocalKey
    const twin = importKey({
      ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
      kid: key.kid,
    }) as LocalKey
    const { entries: _, ...bare } = { entries: 0, iss: ISSUER, iat: NOW, sk: ID }
    for (const list of [
      listOf({}, {}, { typ: 'JWT' }),
      listOf({}, {}, { typ: 'statuslist+jwt' }),
      listOf({}, {}, { by: foreign }),
      listOf({}, {}, { by: twin }),
      listOf({}, { iss: 'https://other.example' }),
      listOf({}, { iat: NOW - 61 }),
      listOf({}, { iat: NOW + 61 }),
      listOf({}, { iat: undefined }),
      listOf({}, { iat: 'now' }),
      listOf({}, { entries: undefined }),
      listOf({ s: undefined as never }),
      listOf({ k: 7 as never }),
      forge(key, JSON.stringify(bare), JSON.stringify({ alg: 'ES256', kid: key.kid, typ: 'JWT' })),
      `${listOf({}).slice(0, -4)}AAAA`,
      token,
      '{}',
      '',
    ]) {
      const feed = await following(list)
      assert.equal(await feed.reason(), 'unavailable')
      assert.deepEqual(
        feed.problems.map(({ code }) => code),
        ['revocations_failed'],
      )
    }
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(listOf({}, { sk: ID, exp: NOW + 900, sub: '7' })), 'header')
  })

  test('R32 an older copy does not replace a newer one, but for another numbering', async () => {
    const feed = await following(listOf({ s: [[session, NOW + 900]] }, { seq: 5 }))
    assert.equal(await feed.reason(), 'revoked')
    feed.app.answer = text(listOf({}, { seq: 4 }))
    feed.clock.pass(1000)
    assert.equal(await feed.reason(), 'revoked')
    assert.equal(feed.problems.length, 1)
    feed.app.answer = text(listOf({}, { seq: 1, gen: 'another' }))
    feed.clock.pass(1000)
    assert.equal(await feed.reason(), undefined)
  })

  test('R32 thousands of entries are read, four megabytes more are not', async () => {
    const many = Array.from(
      { length: 10_000 },
      (_, at) => [sessionHash(`${at}`), NOW + 900] as const,
    )
    const feed = await following(listOf({ s: [...many, [session, NOW + 900]] }))
    assert.equal(await feed.reason(), 'revoked')
    const large = await following(listOf({ k: ['x'.repeat(4 * 1024 * 1024)] }))
    assert.equal(await large.reason(), 'unavailable')
  })
})

describe('R32 when it is asked for', () => {
  test('FED-05 not for a token that is refused anyway, and twice a second for all others', async () => {
    const feed = await following(listOf({}))
    for (const presented of ['x', `${token.slice(0, -4)}AAAA`]) await feed.reason(presented)
    const expired = { issuedAt: (NOW - 1000) * 1000, expires: (NOW - 100) * 1000 }
    assert.equal(await feed.reason(tokens.issue(contents(expired))), 'expired')
    assert.equal(feed.asked(), 0)
    for (const asked of [1, 2, 3]) {
      await Promise.all(Array.from({ length: 50 }, () => feed.reason()))
      assert.equal(feed.asked(), asked)
      feed.clock.pass(499)
      await feed.reason()
      assert.equal(feed.asked(), asked)
      feed.clock.pass(1)
    }
  })

  test('R32 a logout is heard of within a second', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    feed.app.answer = text(listOf({ s: [[session, NOW + 900]] }, { seq: 2 }))
    feed.clock.pass(1000)
    assert.equal(await feed.reason(), 'revoked')
  })

  test('FED-07 nobody is believed on a list older than 30 seconds', async () => {
    const feed = await following(listOf({}))
    assert.equal(await feed.reason(), undefined)
    feed.app.answer = status(503)
    feed.clock.pass(29_999)
    assert.equal(await feed.reason(), undefined)
    feed.clock.pass(1)
    assert.equal(await feed.reason(), 'unavailable')
    feed.app.answer = text(listOf({}, { iat: NOW + 31 }))
    feed.clock.pass(1000)
    assert.equal(await feed.reason(), undefined)
  })

  test('FED-07 but if the service says so, on the last one known, or none', async () => {
    const feed = await following(listOf({ s: [[session, NOW + 900]] }), { onStale: 'accept' })
    feed.app.answer = status(503)
    assert.equal(await feed.reason(), undefined)
    feed.app.answer = text(listOf({ s: [[session, NOW + 900]] }))
    feed.clock.pass(1000)
    assert.equal(await feed.reason(), 'revoked')
    feed.app.answer = status(503)
    feed.clock.pass(120_000)
    assert.equal(await feed.reason(), 'revoked')
    assert.equal(await feed.reason(tokens.issue(contents({ id: ID.slice(1) }))), undefined)
  })

  test('R32 “not changed” is believed only of a list that is young itself', async () => {
    const feed = await following(listOf({}))
    const etag = '"1"'
    feed.app.answer = (request, response) => {
      if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
      else response.writeHead(200, { etag }).end(listOf({}))
    }
    for (let second = 0; second <= 60; second += 20, feed.clock.pass(20_000)) {
      assert.equal(await feed.reason(), undefined)
    }
    // The copy that somebody holds back is now 80 seconds old.
    assert.equal(await feed.reason(), 'unavailable')
    feed.clock.pass(20_000)
    assert.equal(await feed.reason(), 'unavailable')
    assert.deepEqual(
      feed.app.requests.map(({ headers }) => headers['if-none-match']),
      [undefined, etag, etag, etag, undefined, undefined],
    )
  })

  test('R32 no list is asked for unless it is wanted', async () => {
    const feed = await following(listOf({ s: [[session, NOW + 900]] }), {
      revocations: false,
    })
    assert.equal(await feed.reason(), undefined)
    assert.equal(feed.asked(), 0)
  })
})
