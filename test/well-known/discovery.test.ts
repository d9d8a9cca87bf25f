import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import type { Keys } from '../../src/token/key.ts'
import { faulty } from '../support/stores.ts'

const OPENID = '/.well-known/openid-configuration'
const OAUTH = '/.well-known/oauth-authorization-server'
const SECRET = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'

const store = faulty(memory())
const opened: Sessions[] = []
after(async () => {
  for (const sessions of opened) await sessions.close()
})

interface Published {
  readonly keys?: Keys
  readonly issuer?: string
  readonly discovery?: boolean
}

function publishing({ keys = generateKey(), issuer, discovery = true }: Published): Sessions {
  const sessions = createSessions({ keys, issuer, discovery, store } as never)
  opened.push(sessions)
  return sessions
}

/** Undefined where the request is handed on. */
async function ask(
  { wellKnown }: Sessions,
  path: string,
  init: RequestInit = {},
): Promise<Response | undefined> {
  return wellKnown.fetch(new Request(`http://127.0.0.1${path}`, init))
}

describe('R30 discovery documents', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const issuer = 'https://app.example'

  test('only if asked for', async () => {
    const silent = publishing({ issuer, discovery: false })
    const unasked = createSessions({ keys: generateKey(), issuer, store })
    for (const path of [OPENID, OAUTH]) {
      assert.equal(await ask(silent, path), undefined)
      assert.equal(await ask(unasked, path), undefined)
    }
  })

  test('issuer, key set and algorithms, without an endpoint that is not there', async () => {
    const sessions = publishing({ keys: [generateKey(), rsa, generateKey()], issuer })
    for (const path of [OPENID, OAUTH]) {
      const answer = await ask(sessions, path)
      assert.deepEqual(await answer?.json(), {
        issuer,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        response_types_supported: ['none'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256', 'RS256'],
      })
    }
  })

  test('an issuer with a path has them where each protocol puts it', async () => {
    for (const named of ['https://app.example/shop', 'https://app.example/shop/']) {
      const sessions = publishing({ issuer: named })
      for (const path of [`/shop${OPENID}`, `${OAUTH}/shop`]) {
        const metadata = (await (await ask(sessions, path))?.json()) as { issuer: string }
        assert.equal(metadata.issuer, named)
      }
      assert.equal(await ask(sessions, OPENID), undefined)
      assert.equal(await ask(sessions, OAUTH), undefined)
    }
  })

  test('KEY-18 KEY-19 answered as the key set is: types, caching, CORS, HEAD, 304, 405; no store call', async () => {
    const sessions = publishing({ issuer })
    const headersOf = ({ headers }: Response): object => ({
      ...Object.fromEntries(headers),
      etag: undefined,
      'content-type': undefined,
    })
    const keySet = (await ask(sessions, '/.well-known/jwks.json')) as Response
    store.calls.length = 0
    const get = (await ask(sessions, OPENID, { headers: { cookie: 'session=x' } })) as Response
    assert.deepEqual(headersOf(get), headersOf(keySet))
    assert.equal(get.headers.get('content-type'), 'application/json')
    const etag = get.headers.get('etag')!
    const again = await ask(sessions, OPENID, { headers: { 'if-none-match': etag } })
    assert.equal(again?.status, 304)
    const head = await ask(sessions, OPENID, { method: 'HEAD' })
    assert.deepEqual([head?.status, await head?.text()], [200, ''])
    assert.equal((await ask(sessions, OPENID, { method: 'POST' }))?.status, 405)
    assert.deepEqual(store.calls, [])
  })

  test('keys that a function fetches are waited for', async () => {
    const text = JSON.stringify({
      keys: [{ key: generateKey('RS256'), signsFrom: '2020-01-01T00:00:00Z' }],
    })
    const sessions = publishing({ keys: async () => text, issuer })
    const metadata = (await (await ask(sessions, OPENID))?.json()) as Record<string, unknown>
    assert.deepEqual(metadata['id_token_signing_alg_values_supported'], ['RS256'])
  })

  test('what cannot be published is told at construction', () => {
    const refused = (options: object, message: RegExp): void => {
      const given = { keys: generateKey(), issuer, store, ...options }
      assert.throws(() => createSessions(given), { code: 'invalid_option', message })
    }
    refused({ discovery: true, keys: SECRET }, /symbolon keygen/)
    refused({ discovery: true, issuer: undefined }, /issuer/)
    refused({ discovery: true, issuer: 'app' }, /issuer/)
    refused({ discovery: 'yes' }, /discovery must be true or false/)
  })
})
