import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { sessionHash } from '../../src/session-names.ts'
import { importKey } from '../../src/token/key.ts'
import { userHash } from '../../src/verify/revocations.ts'
import { ID, type LocalKey, NOW, forge } from '../token/fixtures.ts'
import { type Entries, GEN, following, key, listOf, text, token } from './feeds.ts'
import { ISSUER } from './fixtures.ts'

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
    await feed.next()
    assert.equal(await feed.reason(), 'revoked')
    assert.equal(feed.problems.length, 1)
    feed.app.answer = text(listOf({}, { seq: 1, gen: 'another' }))
    await feed.next()
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
